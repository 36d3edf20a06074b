-- put: a log-in on its way
insert into federation_login (hash, expires, sealed) values ($1, $2, $3);

-- take: a log-in on its way, which is then no more
delete from federation_login where hash = $1 returning expires, sealed;

-- look: a log-in on its way, which stays
select expires, sealed from federation_login where hash = $1;

-- sweep_logins: log-ins nobody came back to
delete from federation_login where expires < $1;

-- link: an identity that opens an account, unless it or the account has another already
insert into federation_link (subject, account, issuer, linked) values ($1, $2, $3, $4)
on conflict do nothing;

-- account_of: whose account an identity opens
select account from federation_link where subject = $1;

-- links: the issuers whose identities open an account
select issuer, linked from federation_link where account = $1 order by linked, issuer;

-- unlink: an identity that opens an account no more
delete from federation_link where account = $1 and issuer = $2;

-- remember: what a session needs to be ended at the issuer too, and by it; what others said stays
insert into federation_session (session, issuer, subject, sid, vouched, expires, sealed)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (session, issuer, sid) do update
set subject = excluded.subject, vouched = excluded.vouched, sealed = excluded.sealed;

-- forget: what was remembered of a session, which is then no more
delete from federation_session where session = $1 returning issuer, sealed, vouched;

-- of_subject: sessions the issuer ends, all of one person
select distinct session from federation_session where issuer = $1 and subject = $2;

-- of_sid: sessions the issuer ends, of one session of its own
select distinct session from federation_session
where issuer = $1 and sid = $2 and ($3::bytea is null or subject = $3);

-- ended: whether a logout token was taken before
select exists (select from federation_logout where hash = $1);

-- end: a logout token that was taken
insert into federation_logout (hash, expires) values ($1, $2) on conflict do nothing;

-- sweep_logouts: logout tokens that are too old anyway
delete from federation_logout where expires < $1;

-- sweep_sessions: sessions that are over
delete from federation_session where expires < $1;
