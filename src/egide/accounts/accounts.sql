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
select client.account, client.secret_hash, account.disabled, account.label, account.roles
from client join account using (account)
where client.client_id = $1;

-- clients: every client application, oldest first
select client.client_id, account.account, account.label, account.roles, account.created,
       account.disabled, client.rotated
from client join account using (account)
order by account.created, client.client_id;

-- disable: an account that may not log in any more
update account set disabled = $2 where account = $1 and disabled is null;

-- rotate: a new secret for a client application
update client set rotated = $2, secret_hash = $3 where account = $1;

-- issue_to_client: a new access token, if the secret that was proved is still the client's
insert into access_token (hash, account, session, scope, issued, expires)
select $1, account.account, $3, $4, $5, $6
from account join client using (account)
where account.account = $2 and account.disabled is null and client.secret_hash = $7
for share;

-- issue_to_operator: a new access token, if the account is not disabled
insert into access_token (hash, account, session, scope, issued, expires)
select $1, account, $3, $4, $5, $6 from account
where account = $2 and disabled is null
for share;

-- resolve: an access token and the account behind it
select access_token.account, access_token.session, access_token.expires, access_token.revoked,
       account.roles, account.patient, account.disabled, client.client_id
from access_token
join account using (account)
left join client using (account)
where access_token.hash = $1;

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
select account.account, account.roles, account.patient, client.client_id
from account left join client using (account) where account.account = $1;
