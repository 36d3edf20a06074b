-- add_account: a new account
insert into account (account, kind, label, roles, patient, created)
values ($1, $2, $3, $4, $5, $6);

-- add_client: what a client application proves itself with
insert into client (client_id, account, secret_hash, rotated) values ($1, $2, $3, $4);

-- operator: the operator's account under a label, made when it is not there yet
insert into account (account, kind, label, roles, created) values ($1, 'operator', $2, $3, $4)
on conflict (label) where kind = 'operator' do update set label = excluded.label
returning account, disabled;

-- client: a client application and whether it may log in
select client.account, client.secret_hash, client.former_hash, client.former_until,
       account.disabled, account.label, account.roles, application.proof, application.jwks_uri
from client join account using (account) left join application using (account)
where client.client_id = $1;

-- disable: an account that may not log in any more
update account set disabled = $2 where account = $1 and disabled is null;

-- kind: whether an account is a client's, a person's or the operator's
select kind from account where account = $1;

-- held: the Organization an account's roles are held for
select held from account where account = $1;

-- hold: for which Organization an account's roles are held
update account set held = $2 where account = $1;

-- rotate: a new secret for a client application; the one before is good until an instant, or not
update client
set rotated = $2, secret_hash = $3, former_until = $4::timestamptz,
    former_hash = case when $4::timestamptz is not null then secret_hash end
where account = $1;

-- set_keys: new keys, given or published, of a client application; those before are kept, or not
update application
set former_jwks = case when $4::boolean then jwks end, jwks = $2, jwks_uri = $3
where account = $1;

-- issue_to_client: a new access token, if the secret that was proved is still the client's
insert into access_token (hash, account, session, scope, issued, expires)
select $1, account.account, $3, $4, $5, $6
from account join client using (account)
where account.account = $2 and account.disabled is null
  and (client.secret_hash = $7 or (client.former_hash = $7 and client.former_until > $5))
for share;

-- issue_to_operator: a new access token, if the account is not disabled
insert into access_token (hash, account, session, scope, issued, expires)
select $1, account, $3, $4, $5, $6 from account
where account = $2 and disabled is null
for share;

-- issue_from_approval: a new access token, if what was approved has not ended
insert into access_token (hash, account, session, scope, issued, expires, approval)
select $1, approval.account, $3, $4, $5, $6, approval.number
from approval
join account person on person.account = approval.account
join account owner on owner.account = approval.application
where approval.account = $2 and approval.number = $7 and approval.ended is null
  and person.disabled is null and owner.disabled is null
  and (approval.lasting = 'offline' or exists (
      select from person_session where person_session.session = approval.session
  ))
for share;

-- resolve: an access token, the account behind it, and what was approved for an application
select access_token.account, access_token.session, access_token.expires, access_token.scope,
       account.roles, account.held, account.patient, person.sealed,
       clearance.trained, clearance.charters, clearance.since, clearance.signed,
       approval.lasting <> 'offline' and not exists (
           select from person_session where person_session.session = approval.session
       ) as over,
       coalesce(access_token.revoked, approval.ended) as revoked,
       coalesce(account.disabled, owner.disabled) as disabled,
       client.client_id, approval.number, approval.context, approval.assurance
from access_token
join account using (account)
left join person using (account)
left join clearance using (account)
left join approval on approval.number = access_token.approval
left join account owner on owner.account = approval.application
left join client on client.account = coalesce(approval.application, access_token.account)
where access_token.hash = $1;

-- about: what an access token is, whoever asks
select access_token.account, access_token.session, access_token.scope, access_token.issued,
       access_token.expires,
       approval.lasting <> 'offline' and not exists (
           select from person_session where person_session.session = approval.session
       ) as over,
       coalesce(access_token.revoked, approval.ended) as revoked,
       coalesce(account.disabled, owner.disabled) as disabled,
       client.client_id
from access_token
join account using (account)
left join approval on approval.number = access_token.approval
left join account owner on owner.account = approval.application
left join client on client.account = coalesce(approval.application, access_token.account)
where access_token.hash = $1;

-- end_application: what was approved for an application ends
update approval set ended = $2 where application = $1 and ended is null;

-- session_of: whose session an access token opened
select account, session, revoked from access_token where hash = $1;

-- revoke_session: the access token of one session
update access_token set revoked = $2 where session = $1 and revoked is null;

-- revoke_account: every access token of one account (after the lock a change of it takes)
update access_token set revoked = $2 where account = $1 and revoked is null;

-- notify: tell every process what to forget
select pg_notify('egide_accounts', $1);

-- sweep: access tokens expired since before an instant
delete from access_token where expires < $1;

-- overview: every account, oldest first
select account, kind, label, roles, created, disabled from account order by created, account;

-- described: an account as an actor would have it
select account.account, account.roles, account.held, account.patient, client.client_id,
       person.sealed, clearance.trained, clearance.charters, clearance.since, clearance.signed
from account left join client using (account) left join person using (account)
left join clearance using (account)
where account.account = $1;
