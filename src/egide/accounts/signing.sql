-- current: the key that signs, if it was made since an instant
select kid, private from signing_key where until is null and made > $1 order by made desc limit 1;

-- due: whether a key has signed since before an instant
select exists (select from signing_key where until is null and made <= $1);

-- public: the keys whose signatures may still be valid
select public from signing_key where until is null or until > $1 order by made desc;

-- hold: one process at a time changes keys
lock table signing_key in share row exclusive mode;

-- replace: keys that signed sign no more, and stay published until an instant
update signing_key set until = $1 where until is null;

-- add_key: a new key that signs
insert into signing_key (kid, public, private, made) values ($1, $2, $3, $4);

-- sweep_keys: keys nothing valid was signed with
delete from signing_key where until < $1;
