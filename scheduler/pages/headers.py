# SPDX-License-Identifier: Apache-2.0
"""Headers of every answer under a candidate's link: never kept, never indexed, nothing from elsewhere.

Referrer-Policy is `same-origin` rather than `no-referrer`: the latter makes browsers send `Origin: null` with
our own forms, and nothing leaves the site either way.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response

_OFF = (
    *(
        "accelerometer",
        "autoplay",
        "camera",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
    ),
    *("gyroscope", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "usb"),
)
_FIXED = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF),
    "Vary": "Accept",
}
YEAR = 31_536_000


def protect(response: Response, *, logo: str | None, secure: bool) -> None:
    """Set them all. `logo`: the organisation's picture, whose host alone may serve one."""
    response.headers.update(_FIXED)
    response.headers["Content-Security-Policy"] = _policy(logo)
    if secure:
        response.headers["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"


def _policy(logo: str | None) -> str:
    images = " ".join(["'self'", "data:", *([_host(logo)] if logo else [])])
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; "
        f"img-src {images}; font-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )


def safe_logo(url: str | None) -> str | None:
    """The picture's address if it is plain https, whose host can stand in a policy; else none."""
    if not url:
        return None
    parts = urlsplit(url)
    host = parts.hostname or ""
    plain = host.isascii() and host.replace("-", "").replace(".", "").isalnum()
    return url if parts.scheme == "https" and plain and "@" not in parts.netloc else None


def _host(url: str) -> str:
    return f"https://{urlsplit(url).netloc}"
