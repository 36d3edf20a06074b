-- own: The key of the patient an account is bound to.
select number from data_key where owner = $1

-- reached: Which of these patients an account reaches now.
select patient_key from reach
where account = $1 and patient_key = any($2::bigint[]) and (until is null or until > $3)

-- whole_reach: The patients an account reaches now, up to a number.
select patient_key from reach where account = $1 and (until is null or until > $2) limit $3
