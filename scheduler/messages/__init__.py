# SPDX-License-Identifier: Apache-2.0
"""Mail: facts become words (`content`, `render`), a calendar event (`icalendar`), a message (`compose`), and
are handed over (`senders`). What is due, and to whom, is decided elsewhere; nothing here knows a database."""
