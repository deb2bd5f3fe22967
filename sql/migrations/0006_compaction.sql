-- Merging small blocks of bodies: which blocks there were at a time, so that only those of a while ago are merged.
-- A new table that holds an hour's rows: nothing is locked that anybody uses.

-- Block ids grow roughly with time, so the greatest one at a time tells the older blocks from the younger ones without a
-- column in every block. It spans tenants: a block's id says nothing of what is in it.
create table block_mark (
    noted_at timestamptz primary key,
    block_id bigint not null
);
grant select, insert, delete on block_mark to calltrail_operator;
