-- add_account: a new account of a person
insert into account (account, kind, label, roles, created) values ($1, 'person', 'person', $2, $3);

-- add_person: the person behind an account
insert into person (account, login, handle, sealed, trained) values ($1, $2, $3, $4, $5);

-- invite: the one link of an account; an earlier one is dead
insert into invitation (account, hash, issued, expires) values ($1, $2, $3, $4)
on conflict (account) do update
set hash = excluded.hash, issued = excluded.issued, expires = excluded.expires;

-- people: every person, oldest first
select account.account, account.roles, account.held, account.created, account.disabled,
       person.sealed, clearance.trained, clearance.charters, clearance.since, clearance.signed,
       exists (select 1 from passkey where passkey.account = account.account)
       or exists (select 1 from password join totp using (account)
                  where password.account = account.account) as enrolled
from person join account using (account) join clearance using (account)
order by account.created, account.account;

-- person: one person
select account.account, account.roles, account.held, account.created, account.disabled,
       person.sealed, clearance.trained, clearance.charters, clearance.since, clearance.signed,
       exists (select 1 from passkey where passkey.account = account.account)
       or exists (select 1 from password join totp using (account)
                  where password.account = account.account) as enrolled
from person join account using (account) join clearance using (account)
where account.account = $1;

-- account_of: whose login name this is
select account from person where login = $1;

-- disable: a person who may not sign in any more
update account set disabled = $2 where account = $1 and disabled is null;

-- enable: a person who may sign in again
update account set disabled = null where account = $1;

-- set_roles: other roles
update account set roles = $2 where account = $1;

-- describe: another name, other resources a person stands for
update person set sealed = $2 where account = $1;

-- train: until when somebody is trained
update person set trained = $2 where account = $1;

-- charters: every version of the charter, the oldest first
select version, since from charter order by since;

-- publish_charter: a new version of the charter
insert into charter (version, since) values ($1, $2);

-- sign_charter: somebody has signed a version; the first time counts
insert into charter_signature (account, version, signed)
select $1, version, $3 from charter where version = $2
on conflict (account, version) do nothing;

-- withdraw_signature: somebody has not signed a version after all
delete from charter_signature where account = $1 and version = $2;

-- hold: an account that stays as it is until the transaction ends
select account from account where account = $1 for update;

-- forget_passkeys: every passkey of an account
delete from passkey where account = $1;

-- forget_password: the password of an account
delete from password where account = $1;

-- forget_totp: the TOTP secret of an account
delete from totp where account = $1;

-- forget_codes: every recovery code of an account
delete from recovery_code where account = $1;

-- forget_devices: every browser an account is known to
delete from device where account = $1;

-- forget_link: the link of an account
delete from invitation where account = $1;

-- forget_pre_sessions: whatever waits for an answer of an account
delete from pre_session where account = $1;

-- notify: tell every process what to forget
select pg_notify('egide_accounts', $1);

-- link: the account a link is for
select invitation.account, invitation.expires, account.disabled
from invitation join account using (account)
where invitation.hash = $1;

-- use_link: a link that has served
delete from invitation where account = $1 and expires > $2;

-- wait: something that waits for an answer; one of a kind for a cookie
insert into pre_session (hash, kind, account, sealed, expires) values ($1, $2, $3, $4, $5)
on conflict (hash, kind) do update
set account = excluded.account, sealed = excluded.sealed, expires = excluded.expires;

-- waiting: what waits for an answer
select account, sealed, expires from pre_session
where hash = $1 and kind = $2 and expires > $3;

-- take: what waited for an answer, which it does no more
delete from pre_session where hash = $1 and kind = $2
returning account, sealed, expires;

-- enrolling_alive: whether an enrolment goes on, which it does until the transaction ends
select account from pre_session
where hash = $1 and kind = 'enrolment' and expires > $2 for share;

-- session_alive: whether a session goes on, which it does until the transaction ends
select account from person_session where hash = $1 and expires > $2 for share;

-- passkeys: the passkeys of an account, oldest first
select number, credential, synced, sealed, added, used from passkey
where account = $1 order by added, number;

-- handle: what passkeys know an account by
select handle from person where account = $1;

-- add_passkey: a new passkey
insert into passkey (number, credential, account, public_key, counter, synced, sealed, added)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- remove_passkey: a passkey that serves no more
delete from passkey where account = $1 and number = $2;

-- passkey: a passkey and whose it is
select passkey.number, passkey.account, passkey.public_key, passkey.counter, person.handle,
       account.disabled
from passkey join person using (account) join account using (account)
where passkey.credential = $1;

-- count_use: a passkey used once more, if its counter went on
update passkey set counter = $2, used = $3
where number = $1 and (counter < $2 or (counter = 0 and $2 = 0));

-- means: which means besides passkeys an account has
select exists (select 1 from password where account = $1) as password,
       exists (select 1 from totp where account = $1) as totp,
       (select count(*) from recovery_code where account = $1) as codes;

-- set_password: the password of an account
insert into password (account, sealed, changed) values ($1, $2, $3)
on conflict (account) do update set sealed = excluded.sealed, changed = excluded.changed;

-- credentials: what a password of a login name is compared with
select person.account, account.disabled, password.sealed as password, totp.sealed as totp,
       totp.step
from person join account using (account)
left join password using (account) left join totp using (account)
where person.login = $1;

-- credentials_of: the same for an account
select person.account, account.disabled, password.sealed as password, totp.sealed as totp,
       totp.step
from person join account using (account)
left join password using (account) left join totp using (account)
where person.account = $1;

-- set_totp: the TOTP secret of an account
insert into totp (account, sealed, step, since) values ($1, $2, $3, $4)
on conflict (account) do update
set sealed = excluded.sealed, step = excluded.step, since = excluded.since;

-- use_step: a time step a code was taken of, unless one as late was taken before
update totp set step = $2 where account = $1 and step < $2;

-- add_codes: recovery codes
insert into recovery_code (hash, account) select hash, $2 from unnest($1::bytea[]) as hash;

-- use_code: a recovery code, which is good no more
delete from recovery_code where hash = $1 and account = $2;

-- has_code: whether a recovery code is good
select exists (select 1 from recovery_code where hash = $1 and account = $2);

-- open_session: a session, if the account is not disabled
insert into person_session (hash, session, account, device, assurance, means, opened,
                            authenticated, seen, expires, works_as, acting)
select $1, $2, account, $4, $5, $6, $7, $8, $7, $9, $10, $11 from account
where account = $3 and kind = 'person' and disabled is null
for share;

-- session: a session and whose it is
select person_session.session, person_session.account, person_session.device,
       person_session.assurance, person_session.means, person_session.opened,
       person_session.authenticated, person_session.seen, person_session.expires,
       person_session.works_as, person_session.acting,
       account.roles, account.held, account.disabled, person.sealed,
       clearance.trained, clearance.charters, clearance.since, clearance.signed
from person_session join account using (account) join person using (account)
join clearance using (account)
where person_session.hash = $1;

-- see: a session was used
update person_session set seen = $2 where session = $1 and seen < $2;

-- renew: a session under a new cookie, with a new proof
update person_session set hash = $3, assurance = $4, means = $5, authenticated = $7, seen = $6
where hash = $1 and session = $2 and expires > $6;

-- act: a session under a new cookie, whose person acts for somebody, or does not any more
update person_session set hash = $3, acting = $4
where hash = $1 and session = $2 and expires > $5;

-- sessions: the open sessions of an account, the one used last first
select session, device, opened, seen, authenticated, means from person_session
where account = $1 and expires > $2 and seen > $3
order by seen desc, session;

-- holder: whose session it is
select account from person_session where session = $1;

-- end_session: a session that is over
delete from person_session where session = $1 and account = $2 returning hash;

-- end_sessions: every session of an account but one
delete from person_session where account = $1 and session <> $2 returning session, hash;

-- end_approvals: what a person approved for applications, which ends
update approval set ended = $2 where account = $1 and ended is null;

-- knows: whether an account has signed in with a browser
select exists (select 1 from device where account = $1 and hash = $2);

-- known_at_all: whether any account has signed in with a browser
select exists (select 1 from device where hash = $1);

-- know: an account has signed in with a browser
insert into device (account, hash, seen) values ($1, $2, $3)
on conflict (account, hash) do update set seen = excluded.seen;

-- attempt: one more attempt, counted as failed; nothing when it came too early
insert into attempt as known (key, failures, last) values ($1, 1, $2)
on conflict (key) do update set
    failures = case when known.last <= $2 - interval '1 day' then 1 else known.failures + 1 end,
    last = $2
where known.failures < $3
   or $2 >= known.last
      + least(interval '1 second' * $4, interval '1 second' * 2 ^ least(known.failures - $3, 20))
returning failures;

-- attempts: how many attempts failed, and when the last one did
select failures, last from attempt where key = $1;

-- forgive: failures that a success makes forgotten
delete from attempt where key = $1;

-- sweep_pre_sessions: what waited too long
delete from pre_session where expires <= $1;

-- sweep_sessions: sessions that have ended by themselves, some of them
delete from person_session
where hash in (
    select hash from person_session where expires <= $1 or seen <= $2
    limit $3 for update skip locked
)
returning session, account, expires <= $1 as whole;

-- sweep_links: links a month after their end
delete from invitation where expires <= $1;

-- sweep_attempts: failures of more than a day ago
delete from attempt where last <= $1;

-- sweep_devices: browsers not seen for long
delete from device where seen <= $1;
