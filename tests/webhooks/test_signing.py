# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from scheduler.webhooks import signing

BODY = '{"type":"booking.confirmed","data":{"name":"Zoë"}}'.encode()


def test_the_reference_library_takes_what_is_signed_now():
    secret = signing.new_secret()

    headers = signing.headers("evt_1", BODY, [secret], at=datetime.now(UTC))

    assert Webhook(secret).verify(BODY, headers) == {"type": "booking.confirmed", "data": {"name": "Zoë"}}


def test_of_two_secrets_a_receiver_may_have_either():
    new, old, other = (signing.new_secret() for _ in range(3))

    headers = signing.headers("evt_1", BODY, [new, old], at=datetime.now(UTC))

    assert Webhook(new).verify(BODY, headers) == Webhook(old).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, headers)


def test_a_secret_has_256_bits_and_is_another_each_time():
    secrets = {signing.new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(secret.startswith("whsec_") for secret in secrets)
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in secrets} == {32}


def test_the_example_of_the_specification_comes_out_as_there():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the specification's example
    at = datetime.fromtimestamp(1614265330, UTC)

    headers = signing.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', [secret], at=at)

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # Hypothesis adds the zone
    hours=st.integers(-12, 14),
)
def test_the_moment_is_one_whatever_zone_it_is_told_in(at, hours):
    secret = signing.new_secret()
    elsewhere = at.astimezone(timezone(timedelta(hours=hours)))

    assert signing.headers("evt_1", BODY, [secret], at=at) == signing.headers(
        "evt_1", BODY, [secret], at=elsewhere
    )
