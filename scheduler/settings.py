# SPDX-License-Identifier: Apache-2.0
"""The settings: environment variables and a `.env` file, all checked before anything starts.

`load()` reads every variable once, collects all that is wrong and refuses with one `SettingsError`.
The rest of the service only ever sees the frozen `Settings`.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import ipaddress
import math
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from dotenv import dotenv_values

from scheduler.points import kill_at

# One mailbox, nothing that could start another header; \Z because $ would allow a line break.
MAIL_ADDRESS = re.compile(r"[^\s@<>,;:\"\\]+@[^\s@<>,;:\"\\]+\Z")

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
GOOGLE_API = "https://www.googleapis.com/calendar/v3/"
MICROSOFT_LOGIN = "https://login.microsoftonline.com"
MICROSOFT_GRAPH = "https://graph.microsoft.com/v1.0"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FERNET_KEY_BYTES = 32


class SettingsError(Exception):
    """Some settings are missing or wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True, repr=False)
class Secret:
    """A value that no log, traceback or `repr` ever shows; `reveal()` is the one way to it."""

    _value: str

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says, checked. Paths are absolute, URLs of endpoints have their final form."""

    #: Where the service keeps its own files.
    data_dir: Path
    #: The PostgreSQL to use; None means the embedded one under `data_dir`.
    database_url: Secret | None
    #: Root of every link, without a trailing slash.
    public_url: str
    #: True while PUBLIC_URL is absent, so that the address we listen on decides (see `listening_on`).
    public_url_is_default: bool
    #: Fernet keys, newest first; never empty.
    secret_keys: tuple[Secret, ...]
    #: `smtp://…`, `smtps://…` or `file:`.
    mail_url: Secret
    mail_from: str
    ics_dir: Path
    google_service_account_file: Path | None
    google_client_id: str | None
    google_client_secret: Secret | None
    #: Ends with a slash.
    google_api_endpoint: str
    microsoft_tenant_id: str | None
    microsoft_client_id: str | None
    microsoft_client_secret: Secret | None
    microsoft_client_certificate_file: Path | None
    #: Without a trailing slash, as is the next.
    microsoft_authority: str
    microsoft_graph_endpoint: str
    clock_tick_seconds: float
    #: Added to the real time by `make_now`.
    clock_offset_seconds: float
    trusted_proxies: int
    #: where a rehearsal ends the process, one of scheduler.points; None: nowhere
    kill_at: str | None
    log_level: str
    log_format: Literal["text", "json"]

    def listening_on(self, host: str, port: int) -> Settings:
        """Return these settings with PUBLIC_URL following the address, unless it was given."""
        if not self.public_url_is_default:
            return self
        return dataclasses.replace(self, public_url=_default_public_url(host, port))

    def with_database(self, url: str) -> Settings:
        """Return these settings with the database found or started at `url`."""
        return dataclasses.replace(self, database_url=Secret(url))


def load(environ: Mapping[str, str] | None = None, *, env_file: Path = Path(".env")) -> Settings:
    """Read and check all settings; the environment wins over `env_file`.

    An empty value counts as absent, so an empty one in the environment also takes one of the file away.
    Creates `DATA_DIR`, and in it the secret keys, when nothing else provides them.
    Raises SettingsError naming every variable that is missing or wrong.
    """
    # No interpolation: a `$` in a password is a `$`.
    merged = {**dotenv_values(env_file, interpolate=False), **(os.environ if environ is None else environ)}
    reader = _Reader({name: value.strip() for name, value in merged.items() if value and value.strip()})
    data_dir = reader.path("DATA_DIR") or Path("var").absolute()
    database_url = reader.database_url()
    unchecked = {
        "data_dir": data_dir,
        "database_url": database_url,
        **reader.web(),
        **reader.mail(),
        "ics_dir": reader.folder("ICS_DIR") or data_dir / "calendars",
        **reader.google(),
        **reader.microsoft(),
        **reader.running(),
    }
    if database_url is None:
        reader.make_folder(data_dir)
    unchecked["secret_keys"] = reader.secret_keys(data_dir, required=database_url is not None)
    if reader.problems:
        raise SettingsError(tuple(reader.problems))
    # Every value was read by the method named for it, above; the fields are checked by the tests.
    return Settings(**unchecked)  # type: ignore[arg-type]


def make_now(offset_seconds: float) -> Callable[[], datetime]:
    """Return the service's `now()`: the present instant, aware, in UTC, moved by `offset_seconds`."""
    offset = timedelta(seconds=offset_seconds)

    def now() -> datetime:
        return datetime.now(UTC) + offset

    return now


class _Reader:
    """Takes variables one by one and remembers what was wrong with them instead of stopping."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._values = values

    def wrong(self, name: str, what: str) -> None:
        self.problems.append(f"{name} {what}")

    def text(self, name: str) -> str | None:
        return self._values.get(name)

    def secret(self, name: str) -> Secret | None:
        value = self.text(name)
        return Secret(value) if value else None

    def path(self, name: str) -> Path | None:
        value = self.text(name)
        return Path(value).expanduser().absolute() if value else None

    def folder(self, name: str) -> Path | None:
        path = self.path(name)
        if path is not None and path.exists() and not path.is_dir():
            self.wrong(name, f"is not a folder: {path}")
        return path

    def file(self, name: str) -> Path | None:
        path = self.path(name)
        if path is not None and not os.access(path, os.R_OK):
            self.wrong(name, f"names a file that cannot be read: {path}")
        return path

    def number(self, name: str, default: float) -> float:
        value = self.text(name)
        try:
            number = default if value is None else float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.wrong(name, f"must be a number of seconds, not {value!r}")
            return default
        return number

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name) or default
        by_lower = {choice.lower(): choice for choice in choices}
        if value.lower() not in by_lower:
            self.wrong(name, f"must be one of {', '.join(choices)}, not {value!r}")
        return by_lower.get(value.lower(), default)

    def database_url(self) -> Secret | None:
        url = self.secret("DATABASE_URL")
        # The value is never repeated in the error: it holds a password.
        if url and not url.reveal().startswith("postgresql://"):
            self.wrong("DATABASE_URL", "must start with postgresql://")
        return url

    def web(self) -> dict[str, object]:
        given = self.url("PUBLIC_URL", schemes=("http", "https"))
        proxies = self.text("TRUSTED_PROXIES") or "0"
        if not (proxies.isascii() and proxies.isdigit()):
            self.wrong("TRUSTED_PROXIES", f"must be a whole number, 0 or more, not {proxies!r}")
            proxies = "0"
        return {
            "public_url": (given or _default_public_url(DEFAULT_HOST, DEFAULT_PORT)).rstrip("/"),
            "public_url_is_default": given is None,
            "trusted_proxies": int(proxies),
        }

    def mail(self) -> dict[str, object]:
        url = self.secret("MAIL_URL") or Secret("file:")
        if not _is_mail_url(url.reveal()):
            self.wrong("MAIL_URL", "must be smtp://…, smtps://… with a host, or file:")
        sender = self.text("MAIL_FROM") or "interviews@localhost"
        # A name before it is let through and left out: mails bear the organisation's.
        _, address = parseaddr(sender)
        if not sender.isprintable() or not MAIL_ADDRESS.fullmatch(address):
            self.wrong("MAIL_FROM", "must be one mail address, such as interviews@example.org")
        return {"mail_url": url, "mail_from": address}

    def google(self) -> dict[str, object]:
        client_id, client_secret = self.text("GOOGLE_CLIENT_ID"), self.secret("GOOGLE_CLIENT_SECRET")
        if (client_id is None) != (client_secret is None):
            missing = "GOOGLE_CLIENT_ID" if client_id is None else "GOOGLE_CLIENT_SECRET"
            self.wrong(missing, "is missing: the Google client needs both its id and its secret")
        return {
            "google_service_account_file": self.file("GOOGLE_SERVICE_ACCOUNT_FILE"),
            "google_client_id": client_id,
            "google_client_secret": client_secret,
            "google_api_endpoint": self.endpoint("GOOGLE_API_ENDPOINT", GOOGLE_API) + "/",
        }

    def microsoft(self) -> dict[str, object]:
        tenant, client = self.text("MICROSOFT_TENANT_ID"), self.text("MICROSOFT_CLIENT_ID")
        secret = self.secret("MICROSOFT_CLIENT_SECRET")
        certificate = self.file("MICROSOFT_CLIENT_CERTIFICATE_FILE")
        if tenant or client or secret or certificate:
            for name, value in (("MICROSOFT_TENANT_ID", tenant), ("MICROSOFT_CLIENT_ID", client)):
                if value is None:
                    self.wrong(name, "is missing: the other settings of the Entra application are there")
            if (secret is None) == (certificate is None):
                what = "is missing" if secret is None else "must be left out: only one is used"
                self.wrong("MICROSOFT_CLIENT_SECRET or MICROSOFT_CLIENT_CERTIFICATE_FILE", what)
        return {
            "microsoft_tenant_id": tenant,
            "microsoft_client_id": client,
            "microsoft_client_secret": secret,
            "microsoft_client_certificate_file": certificate,
            "microsoft_authority": self.endpoint("MICROSOFT_AUTHORITY", MICROSOFT_LOGIN),
            "microsoft_graph_endpoint": self.endpoint("MICROSOFT_GRAPH_ENDPOINT", MICROSOFT_GRAPH),
        }

    def running(self) -> dict[str, object]:
        tick = self.number("CLOCK_TICK_SECONDS", 5)
        if tick <= 0:
            self.wrong("CLOCK_TICK_SECONDS", "must be more than 0")
        offset = self.number("CLOCK_OFFSET_SECONDS", 0)
        try:
            make_now(offset)()
        except OverflowError:
            self.wrong("CLOCK_OFFSET_SECONDS", "leads beyond the calendar")
        return {
            "clock_tick_seconds": tick,
            "clock_offset_seconds": offset,
            "kill_at": self.point("KILL_AT"),
            "log_level": self.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
            "log_format": self.choice("LOG_FORMAT", ("text", "json"), "text"),
        }

    def point(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None:
            try:
                kill_at(value)
            except ValueError as error:
                self.wrong(name, str(error))
        return value

    def url(self, name: str, *, schemes: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        parts = _split(value)
        if parts is None or parts.scheme not in schemes or parts.query or parts.fragment:
            self.wrong(name, f"must be a URL ({' or '.join(schemes)}) without query or fragment")
        return value

    def endpoint(self, name: str, default: str) -> str:
        """Return where a vendor's API is, without a trailing slash; only loopback may do without TLS."""
        value = self.url(name, schemes=("http", "https")) or default
        parts = _split(value)
        if parts is not None and parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            self.wrong(name, "must be https, except on a loopback host")
        return value.rstrip("/")

    def make_folder(self, data_dir: Path) -> None:
        """Create DATA_DIR, unless something is wrong already; one that exists keeps its permissions."""
        if self.problems or data_dir.is_dir():
            return
        try:
            data_dir.parent.mkdir(parents=True, exist_ok=True)
            # As root, the account of the embedded PostgreSQL must be able to pass through (but not to list).
            data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
        except OSError as error:
            self.wrong("DATA_DIR", f"cannot be made: {error}")

    def secret_keys(self, data_dir: Path, *, required: bool) -> tuple[Secret, ...]:
        given = self.text("SECRET_KEYS")
        if given is None and required:
            self.wrong("SECRET_KEYS", "is missing: with DATABASE_URL the keys must be given")
        if given is None and not self.problems:
            try:
                given = _own_keys(data_dir)
            except OSError as error:
                self.wrong("DATA_DIR", f"cannot hold the service's files: {error}")
        keys = tuple(Secret(key.strip()) for key in (given or "").split(",") if key.strip())
        if given is not None and not (keys and all(_is_fernet_key(key.reveal()) for key in keys)):
            self.wrong("SECRET_KEYS", "must be Fernet keys (32 bytes, URL-safe base64), separated by commas")
        return keys


def _default_public_url(host: str, port: int) -> str:
    # A wildcard address is no place to visit.
    reachable = DEFAULT_HOST if host in {"", "0.0.0.0", "::"} else host  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL with a host and a sound port, else None."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _is_mail_url(url: str) -> bool:
    parts = _split(url)
    return url == "file:" or (parts is not None and parts.scheme in {"smtp", "smtps"})


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_fernet_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, altchars=b"-_", validate=True)) == FERNET_KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _own_keys(data_dir: Path) -> str:
    """Return the keys kept in `data_dir`, made by whoever comes first."""
    kept = data_dir / "secret_keys"
    if not kept.exists():
        descriptor, name = tempfile.mkstemp(dir=data_dir, prefix=".secret_keys-")  # mode 0600
        made = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.urlsafe_b64encode(os.urandom(FERNET_KEY_BYTES)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(made, kept)  # fails when another process was first: then its keys are the keys
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return kept.read_text(encoding="ascii")
