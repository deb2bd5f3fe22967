-- Leaves carry no row-level security, so nobody but the writer may touch one, and the writer reads nothing but keys.
select format('role %s may %s on partition %s', coalesce(r.rolname, 'public'), lower(a.privilege_type), c.relname) as problem
from pg_class c
cross join lateral aclexplode(c.relacl) a
left join pg_roles r on r.oid = a.grantee
where c.relispartition and c.relkind = 'r' and a.grantee <> c.relowner
  and not (r.rolname = 'calltrail_writer'
           and (a.privilege_type = 'INSERT' or (c.relname ~ '^call_count_' and a.privilege_type = 'SELECT')))
union all
select format('role %s may %s column %s of partition %s', coalesce(r.rolname, 'public'), lower(a.privilege_type), t.attname, c.relname)
from pg_class c
join pg_attribute t on t.attrelid = c.oid and t.attacl is not null
cross join lateral aclexplode(t.attacl) a
left join pg_roles r on r.oid = a.grantee
where c.relispartition and c.relkind = 'r'
  and not (r.rolname = 'calltrail_writer'
           and ((a.privilege_type = 'SELECT' and t.attname in ('tenant_id', 'occurred_at', 'id'))
                or (a.privilege_type = 'UPDATE' and t.attname = 'entries')))
