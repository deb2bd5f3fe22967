-- What shows whether an encryption key is the one that this database was written with: a known text, sealed under each
-- key that was ever used. A new table: nothing is locked that anybody uses.
create table encryption_check (
    key_id     text primary key constraint encryption_check_key_form check (key_id ~ '^[0-9A-Za-z]{1,32}$'),
    sealed     bytea not null,
    created_at timestamptz not null default app_now()
);

grant select, insert, delete on encryption_check to calltrail_operator;

-- The ledger knows a hook by its name, so two hooks of a tenant can't share one. The table is new: built in no time.
alter table notification_channel add constraint notification_channel_name_once unique (tenant_id, name);
