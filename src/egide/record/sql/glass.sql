-- break: A glass is broken.
insert into glass (number, account, patient_key, at, until, code, sealed)
values ($1, $2, $3, $4, $5, $6, $7)

-- list: Broken glasses, those that wait for a review first, then the latest.
select number, account, patient_key, at, until, code, sealed, reviewed, reviewer, outcome
from glass where reviewed is null or not $1
order by reviewed is not null, at desc, number limit $2

-- one: Whose glass it is, and whether it was reviewed, held until the end.
select account, patient_key, reviewed from glass where number = $1 for update

-- whole: Whose glass it is, whose record it opened, from when until when.
select account, patient_key, at, until from glass where number = $1

-- review: What a reviewer found.
update glass set reviewed = $2, reviewer = $3, outcome = $4 where number = $1
