-- Rights: the second of the two locks between tenants. Row-level security is forced on every table that holds a
-- tenant's rows, so that it binds the owner too. No sub-select stands in a policy (Citus refuses one), and a custom
-- setting reads '' after a transaction that set it, hence nullif.
do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['tenant', 'membership', 'api_key', 'bot', 'call_log', 'call_body', 'call_count',
                                        'idempotent_answer'] loop
        execute format('alter table %I enable row level security, force row level security', tenant_table);
        execute format('create policy own_tenant on %I to calltrail_app
                            using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::integer)',
                       tenant_table);
        execute format('create policy every_tenant on %I to calltrail_operator using (true)', tenant_table);
    end loop;
    -- people span tenants: only commands and sign-in, not a tenant's requests, reach them
    foreach tenant_table in array array['app_user', 'one_time_link'] loop
        execute format('alter table %I enable row level security, force row level security', tenant_table);
        execute format('create policy every_person on %I to calltrail_operator using (true)', tenant_table);
    end loop;
end
$$;

grant select on tenant, membership, api_key, bot, call_log, call_body, call_count, idempotent_answer to calltrail_app;
grant insert, update on bot to calltrail_app;
grant update (last_used_at) on api_key to calltrail_app;

grant select, insert, update, delete on tenant, app_user, membership, one_time_link, api_key, bot, call_log, call_body,
    call_count, idempotent_answer to calltrail_operator;
grant select, insert on maintenance_log to calltrail_operator;
grant select, insert, update on schedule to calltrail_operator;

-- The ingest transaction spans tenants: the writer stores answers beside the entries that they acknowledge.
create policy ingest on idempotent_answer to calltrail_writer using (true);
grant insert on idempotent_answer to calltrail_writer;
grant update on idempotent_answer to calltrail_writer;
grant select (tenant_id, key_hash, created_at) on idempotent_answer to calltrail_writer;
