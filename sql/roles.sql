-- Group roles. They are the cluster's, not the database's, so this runs before every migration and may run at the
-- same time in two databases: "already there" is fine, whoever made it.
--   calltrail_app       serves one tenant at a time, under forced row-level security, on the parents only
--   calltrail_writer    copies entries into the leaves of a day, for several tenants in one transaction; reads nothing
--                       but the key columns
--   calltrail_operator  sees every tenant: commands, worker, and the operator's own psql
-- LOGIN without a password lets a Citus coordinator connect to its workers as the current role; with scram or peer
-- authentication nobody else can use it.
do $$
declare
    group_role text;
    owner name := (select pg_get_userbyid(datdba) from pg_database where datname = current_database());
begin
    foreach group_role in array array['calltrail_app', 'calltrail_writer', 'calltrail_operator'] loop
        if not exists (select from pg_roles where rolname = group_role) then
            begin
                execute format('create role %I login nosuperuser nocreatedb nocreaterole nobypassrls', group_role);
            exception when duplicate_object or unique_violation then
                null;
            end;
        end if;
        if not pg_has_role(owner, group_role, 'member') then
            execute format('grant %I to %I', group_role, owner);
        end if;
    end loop;
end
$$;
