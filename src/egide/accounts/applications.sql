-- add_account: an account for an application
insert into account (account, kind, label, roles, patient, created)
values ($1, 'client', $2, $3, $4, $5);

-- add_client: its public id, and the digest of its secret (or of one nobody knows)
insert into client (client_id, account, secret_hash, rotated) values ($1, $2, $3, $4);

-- add_application: what it is registered with
insert into application (account, proof, native, redirect_uris, launch_uri, scope, jwks, jwks_uri,
                         homepage, publisher, introspects)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- application: one application by its public id
select client.client_id, client.account, client.secret_hash, account.label, account.roles,
       account.disabled, application.proof, application.native, application.redirect_uris,
       application.launch_uri, application.scope, application.jwks, application.jwks_uri,
       application.homepage, application.publisher, application.introspects,
       application.former_jwks, client.former_until
from client join account using (account) left join application using (account)
where client.client_id = $1;

-- applications: every application, oldest first
select client.client_id, client.account, client.secret_hash, account.label, account.roles,
       account.disabled, application.proof, application.native, application.redirect_uris,
       application.launch_uri, application.scope, application.jwks, application.jwks_uri,
       application.homepage, application.publisher, application.introspects,
       application.former_jwks, client.former_until
from client join account using (account) left join application using (account)
order by account.created, client.client_id;

-- launchable: applications that can be opened from here, by name
select client.client_id, client.account, client.secret_hash, account.label, account.roles,
       account.disabled, application.proof, application.native, application.redirect_uris,
       application.launch_uri, application.scope, application.jwks, application.jwks_uri,
       application.homepage, application.publisher, application.introspects,
       application.former_jwks, client.former_until
from client join account using (account) join application using (account)
where application.launch_uri is not null and account.disabled is null
order by account.label, client.client_id;

-- set_addresses: where answers to an application go, and where it is opened
update application set redirect_uris = $2, launch_uri = $3 where account = $1;

-- end_codes: codes not used yet that went where answers no longer go
delete from authorization_code using approval
where approval.number = authorization_code.approval and approval.application = $1
  and authorization_code.used is null and authorization_code.redirect_uri <> all ($2::text[]);

-- use_assertion: a proof that is used now, unless it was before
insert into used_assertion (application, hash, expires) values ($1, $2, $3)
on conflict (application, hash) do nothing;

-- sweep_assertions: proofs that are no longer good anyway
delete from used_assertion where expires < $1;
