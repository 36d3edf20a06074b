-- add_approval: what a person approved
insert into approval (number, account, application, session, scope, assurance, lasting, context,
                      made, expires)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- add_code: the code that stands for it
insert into authorization_code (hash, approval, redirect_uri, challenge, nonce, expires)
values ($1, $2, $3, $4, $5, $6);

-- redeem: a code that is used now, unless it was before, and what it stands for
with taken as (
    update authorization_code set used = $2 where hash = $1 and used is null
    returning approval, redirect_uri, challenge, nonce, expires
)
select taken.redirect_uri, taken.challenge, taken.nonce, taken.expires, standing_approval.*
from taken join standing_approval on standing_approval.number = taken.approval;

-- used_code: the approval of a code that has been redeemed
select approval from authorization_code where hash = $1 and used is not null;

-- add_refresh_token: what an approval is renewed with
insert into refresh_token (hash, approval, issued) values ($1, $2, $3);

-- hold_refresh_token: a refresh token and what it stands for, held until the transaction ends
select refresh_token.used, standing_approval.*
from refresh_token join standing_approval on standing_approval.number = refresh_token.approval
where refresh_token.hash = $1
for update of refresh_token;

-- use_refresh_token: it is used now
update refresh_token set used = $2 where hash = $1;

-- refresh_token: the same as hold_refresh_token, without holding it
select refresh_token.used, standing_approval.*
from refresh_token join standing_approval on standing_approval.number = refresh_token.approval
where refresh_token.hash = $1;

-- holder: whose a refresh token is, good or not
select client.client_id
from refresh_token
join approval on approval.number = refresh_token.approval
join client on client.account = approval.application
where refresh_token.hash = $1;

-- of_access_token: the approval behind an access token
select standing_approval.*
from access_token join standing_approval on standing_approval.number = access_token.approval
where access_token.hash = $1;

-- approval: whose an approval is
select approval.account, approval.session, approval.ended, client.client_id
from approval join client on client.account = approval.application
where approval.number = $1;

-- given: what a person has approved and has not ended, latest first
select approval.number, owner.label, client.client_id, approval.scope, approval.lasting,
       approval.made, approval.expires, approval.context
from approval
join account owner on owner.account = approval.application
join client on client.account = approval.application
where approval.account = $1 and approval.ended is null and approval.expires > $2
  and (approval.lasting = 'offline' or exists (
      select from person_session where person_session.session = approval.session
  ))
order by approval.made desc, approval.number;

-- end_approval: one approval ends
update approval set ended = $2 where number = $1 and ended is null;

-- notify: tell every process what to forget
select pg_notify('egide_accounts', $1);

-- sweep_codes: codes that have been dead for long; kept until then to know a replay
delete from authorization_code where expires < $1;

-- sweep_approvals: approvals that ended since before an instant, and what came of them
delete from approval where expires < $1 or ended < $1;
