-- Every table with a tenant_id column, and every table of people, has forced row-level security and a policy.
select format('table %s lacks forced row-level security or a policy', c.relname) as problem
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and (exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
       or c.relname in ('app_user', 'one_time_link'))
  and c.relname !~ '^(call_(log|body|count)|audit_log)_[0-9]{8}$'
  and (not c.relrowsecurity or not c.relforcerowsecurity
       or not exists (select from pg_policy p where p.polrelid = c.oid))
