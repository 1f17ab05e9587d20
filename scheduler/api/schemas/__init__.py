# SPDX-License-Identifier: Apache-2.0
"""What may be sent and what is answered; the same classes describe themselves in openapi.yaml."""
