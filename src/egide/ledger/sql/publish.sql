-- commitments: The commitments of a stretch of leaves, run by run.
select leaf, commitments from ledger_leaf where leaf >= $1 and leaf < $2 order by leaf

-- hashes: The hashes of full tiles, in order.
select index, hash from ledger_tile
where level = $1 and index >= $2 and index < $3 order by index

-- checkpoint: The last checkpoint.
select size, note from ledger_checkpoint order by size desc limit 1

-- of_size: The checkpoint of one size, held until the transaction ends.
select note from ledger_checkpoint where size = $1 for update

-- cosign: A checkpoint with a witness's line added.
update ledger_checkpoint set note = $2 where size = $1
