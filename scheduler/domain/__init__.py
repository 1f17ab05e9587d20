# SPDX-License-Identifier: Apache-2.0
"""What interviews are, in the words of the field. Nothing here stores, calls or tells the time."""
