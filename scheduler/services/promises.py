# SPDX-License-Identifier: Apache-2.0
"""The promises that the database can be asked about, and the question for each: rows that break it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """A sentence that is always true, and a query for whatever breaks it: ids, nothing personal. In it `:now`
    is the time.
    """

    name: str
    sentence: str
    query: str


PROMISES = (
    Promise(
        "one_place_at_a_time",
        "No two interviews occupy one person or room at the same time.",
        """
        select a.booking_id || ' and ' || b.booking_id from reservations a
        join reservations b on b.resource_id = a.resource_id and b.id > a.id and b.during && a.during
        where a.state = 'booked' and b.state = 'booked'
        """,
    ),
    Promise(
        "everybody_is_reserved",
        "Whoever sits in a booked session, and its room, is reserved for all of it.",
        """
        select b.id || ' ' || who.id from bookings b
        cross join lateral jsonb_array_elements(b.sessions) s
        cross join lateral (
            select p ->> 'id' as id from jsonb_array_elements(s -> 'interviewers') p
            union all select s -> 'room' ->> 'id' where jsonb_typeof(s -> 'room') = 'object'
        ) who
        left join interviewers i on i.id = who.id
        left join rooms r on r.id = who.id
        where b.status in ('confirmed', 'needs_attention', 'completed', 'no_show') and not exists (
            select from reservations v
            where v.booking_id = b.id and v.state = 'booked'
              -- what is over stays over, whatever calendar somebody has by now
              and (v.resource_id = coalesce(i.resource_id, r.resource_id)
                   or b.status in ('completed', 'no_show'))
              and v.during @> tstzrange((s ->> 'start')::timestamptz, (s ->> 'end')::timestamptz)
        )
        """,
    ),
    Promise(
        "nobody_else_is_reserved",
        "A booking ahead occupies those who take part in it, and nobody else.",
        """
        select b.id || ' ' || v.id from bookings b
        join reservations v on v.booking_id = b.id and v.state = 'booked'
        where b.status in ('confirmed', 'needs_attention') and not exists (
            select from jsonb_array_elements(b.sessions) s
            cross join lateral (
                select p ->> 'id' as id from jsonb_array_elements(s -> 'interviewers') p
                union all select s -> 'room' ->> 'id' where jsonb_typeof(s -> 'room') = 'object'
            ) who
            left join interviewers i on i.id = who.id
            left join rooms r on r.id = who.id
            where v.resource_id in (i.resource_id, r.resource_id)
              and v.during @> tstzrange((s ->> 'start')::timestamptz, (s ->> 'end')::timestamptz)
        )
        """,
    ),
    Promise(
        "cancelled_is_free",
        "A cancelled booking occupies nobody.",
        """
        select b.id from bookings b join reservations v on v.booking_id = b.id
        where b.status = 'cancelled' and v.state = 'booked'
        """,
    ),
    Promise(
        "one_booking_each",
        "A candidate's run has at most one active booking, and says that it is booked.",
        """
        select rc.id from run_candidates rc
        left join bookings b on b.run_candidate_id = rc.id and b.status <> 'cancelled'
        group by rc.id, rc.status
        having count(b.id) > 1 or (count(b.id) = 1) <> (rc.status = 'booked')
        """,
    ),
    Promise(
        "holds_are_of_offers",
        "Time is held for options that are on offer, and for nothing else.",
        """
        select h.option_id from holds h
        join options o on o.id = h.option_id
        join run_candidates rc on rc.id = h.run_candidate_id
        where h.expires_at > :now and (o.status <> 'held' or o.run_candidate_id <> rc.id
            or rc.status not in ('waiting', 'offered'))
        union all
        select o.id from options o
        where o.status = 'held' and not exists (select from holds h where h.option_id = o.id)
        """,
    ),
    Promise(
        "nobody_is_held_twice",
        "What is held for one candidate is neither held nor booked for another.",
        """
        select a.option_id || ' and ' || b.option_id from holds a
        join holds b on b.resource_id = a.resource_id and b.id > a.id and b.during && a.during
        where a.run_candidate_id <> b.run_candidate_id
          and a.held_at < b.expires_at and b.held_at < a.expires_at
        union all
        select h.option_id || ' and ' || v.booking_id from holds h
        join reservations v on v.resource_id = h.resource_id and v.during && h.during and v.state = 'booked'
        join bookings b on b.id = v.booking_id
        where h.expires_at > :now and b.run_candidate_id <> h.run_candidate_id
        """,
    ),
    Promise(
        "no_hold_is_left_behind",
        "What calendars are to show of a hold goes with it.",
        """
        select e.id from calendar_entries e join options o on o.id = e.option_id
        where e.wanted = 'present' and o.status <> 'held'
        """,
    ),
    Promise(
        "every_change_is_told_once",
        "Each version of a booking has exactly one event.",
        """
        select b.id from bookings b
        left join events e on e.booking_id = b.id and e.version is not null
        group by b.id, b.version
        having array_agg(e.version order by e.version) is distinct from
               array(select generate_series(1, b.version))
        """,
    ),
    Promise(
        "the_feed_has_no_gaps",
        "Published events are numbered one after the other.",
        """
        select e.id from events e
        where e.feed_position > 1 and not exists (
            select from events before
            where before.organization_id = e.organization_id
              and before.feed_position = e.feed_position - 1)
        """,
    ),
    Promise(
        "answers_have_rows",
        "Whatever was acknowledged as booked is there.",
        """
        select k.key from idempotency_keys k
        where k.status = 201 and convert_from(k.body, 'UTF8') like '{%"bkg\\_%'
          and convert_from(k.body, 'UTF8')::jsonb ->> 'id' like 'bkg\\_%'
          and not exists (select from bookings b where b.id = convert_from(k.body, 'UTF8')::jsonb ->> 'id')
        """,
    ),
    Promise(
        "calendars_follow",
        "A booking ahead wants its entries in calendars, a cancelled one wants none.",
        """
        select b.id from bookings b
        where (b.status = 'cancelled' and exists (
                select from calendar_entries e where e.booking_id = b.id and e.wanted = 'present'))
           or (b.status in ('confirmed', 'needs_attention') and exists (
                select from jsonb_array_elements(b.sessions) s
                where not exists (select from calendar_entries e
                    where e.booking_id = b.id and e.session_key = s ->> 'key' and e.wanted = 'present')))
        """,
    ),
    Promise(
        "one_entry_each",
        "A calendar is to show a session once, and no event stands for two.",
        """
        select min(e.id) from calendar_entries e where e.wanted = 'present'
        group by e.booking_id, e.option_id, e.session_key, e.provider, e.calendar having count(*) > 1
        union all
        select min(e.id) from calendar_entries e where e.wanted = 'present' and e.event_id is not null
        group by e.provider, e.calendar, e.event_id having count(*) > 1
        """,
    ),
    Promise(
        "no_version_from_the_future",
        "Calendars and mails tell of versions that their booking has reached, so SEQUENCE only rises.",
        """
        select e.id from calendar_entries e join bookings b on b.id = e.booking_id
        where e.booking_version > b.version or e.written_version > e.booking_version
        union all
        select m.id from messages m join bookings b on b.id = m.booking_id where m.booking_version > b.version
        """,
    ),
    Promise(
        "one_mail_a_cause",
        "What is to be told once is written down once.",
        "select min(m.id) from messages m group by m.dedupe_key having count(*) > 1",
    ),
    Promise(
        "entries_are_of_the_panel",
        "Only calendars of those who take part, and of organisers, want an entry.",
        """
        select e.id from calendar_entries e
        join bookings b on b.id = e.booking_id and b.status in ('confirmed', 'needs_attention')
        cross join lateral (
            select s from jsonb_array_elements(b.sessions) s where s ->> 'key' = e.session_key
        ) planned
        where e.wanted = 'present' and (
            (e.interviewer_id is not null and not planned.s -> 'interviewers'
                @> jsonb_build_array(jsonb_build_object('id', e.interviewer_id)))
            or (e.room_id is not null and e.room_id is distinct from planned.s -> 'room' ->> 'id')
        )
        """,
    ),
    Promise(
        "mails_are_of_the_present_time",
        "What waits to be sent about a booking ahead is of the time it has now.",
        """
        select m.id from messages m
        join bookings b on b.id = m.booking_id and b.status in ('confirmed', 'needs_attention')
        where m.status = 'queued' and not m.details ? 'released_from'
          and (m.details ->> 'start')::timestamptz <> b.start
        """,
    ),
    Promise(
        "silence_after_the_end",
        "After a cancellation nothing is sent about the booking but the cancellation.",
        """
        select m.id from messages m
        join events e on e.booking_id = m.booking_id and e.type = 'booking.cancelled'
        where m.kind <> 'cancellation' and (m.status = 'queued' or m.sent_at > e.at + interval '2 minutes')
        """,
    ),
    Promise(
        "erased_is_gone",
        "Of somebody erased no name, address, external reference, words or waiting mail is left; no link "
        "works, no choice is waited for, nothing is held.",
        """
        select c.id from candidates c where c.erased_at is not null and (
            c.deleted_at is null or c.name <> 'Erased candidate' or c.email <> 'erased@candidate.invalid'
            or coalesce(c.external_id, c.phone, c.time_zone, c.locale) is not null
            or c.availability <> '[]' or c.metadata <> '{}')
        union all
        select rc.id from run_candidates rc
        join candidates c on c.id = rc.candidate_id and c.erased_at is not null
        where rc.external_refs <> '{}' or rc.explanation is not null
           or rc.questions <> '[]' or rc.status in ('waiting', 'offered')
           or exists (select from invitations i where i.run_candidate_id = rc.id and i.revoked_at is null)
           or exists (select from options o where o.run_candidate_id = rc.id and o.status = 'held')
           or exists (select from holds h where h.run_candidate_id = rc.id and h.expires_at > :now)
        union all
        select b.id from bookings b join candidates c on c.id = b.candidate_id and c.erased_at is not null
        where b.external_refs <> '{}' or exists (
            select from events e where e.booking_id = b.id and e.type = 'booking.cancelled'
              and e.data ? 'reason')
        union all
        select e.id from events e join candidates c on c.id = e.about ->> 'candidate_id'
        where c.erased_at is not null and e.about -> 'external_refs' <> '{}'
        union all
        select m.id from messages m join candidates c on c.id = m.candidate_id and c.erased_at is not null
        where (m.recipient_role = 'candidate' and (
                m.status = 'queued' or m.recipient ->> 'email' <> 'erased@candidate.invalid'))
           or (m.kind = 'asked_for_help' and m.details ? 'question')
        """,
    ),
    Promise(
        "sent_means_sent",
        "A message that was sent says when, and one that was not does not.",
        "select m.id from messages m where (m.status = 'sent') <> (m.sent_at is not null)",
    ),
    Promise(
        "losses_are_of_the_panel",
        "What is lost is somebody, or a room, that a booking ahead is to have at that time.",
        """
        select l.id from losses l join bookings b on b.id = l.booking_id
        where l.resolved_at is null and (b.status not in ('confirmed', 'needs_attention') or not exists (
            select from jsonb_array_elements(b.sessions) s
            where s ->> 'key' = l.session_key and (s ->> 'start')::timestamptz = l.start
              and (s -> 'interviewers' @> jsonb_build_array(jsonb_build_object('id', l.who))
                   or s -> 'room' ->> 'id' = l.who)))
        """,
    ),
    Promise(
        "losses_are_shown",
        "What was lost and is left to a person stands in the booking until it is seen to.",
        """
        select l.id from losses l join bookings b on b.id = l.booking_id
        where l.handled_at is not null and l.resolved_at is null
          and (b.status <> 'needs_attention'
               or l.text <> all(string_to_array(coalesce(b.attention, ''), E'\\n')))
        """,
    ),
    Promise(
        "replaced_three_times_at_most",
        "The service itself gives a booking other people, or another room, three times at most.",
        """
        select e.booking_id from events e
        where e.type in ('interviewer.replaced', 'room.replaced') and e.actor = 'system'
        group by e.booking_id having count(distinct e.at) > 3
        """,
    ),
    Promise(
        "nothing_but_times",
        "Of other people's events only times and a kind are kept.",
        """
        select c.id from calendar_states c
        cross join lateral jsonb_array_elements(c.stretches) s
        cross join lateral jsonb_array_elements(s -> 'busy') b
        where jsonb_typeof(b) <> 'array' or jsonb_array_length(b) > 4
           or b ->> 2 not in ('busy', 'tentative', 'out_of_office', 'focus', 'interview')
        """,
    ),
)
