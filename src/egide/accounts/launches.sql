-- add_launch: a launch from a record that is open
insert into launch (hash, account, application, context, expires) values ($1, $2, $3, $4, $5);

-- launch: a launch that is good for a person and an application
select context from launch
where hash = $1 and account = $2 and (application is null or application = $3) and expires > $4;

-- take_launch: the same, used now
delete from launch
where hash = $1 and account = $2 and (application is null or application = $3) and expires > $4
returning context;

-- sweep_launches: launches nobody used
delete from launch where expires < $1;
