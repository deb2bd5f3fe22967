-- The group roles exist and could not pass row-level security.
select format('role %s %s', wanted.name,
              case when r.oid is null then 'is missing' else 'may bypass row-level security' end) as problem
from (values ('calltrail_app'), ('calltrail_writer'), ('calltrail_operator')) wanted (name)
left join pg_roles r on r.rolname = wanted.name
where r.oid is null or r.rolsuper or r.rolbypassrls
union all
select format('role %s is a member of %s, which sees every tenant', m.rolname, g.rolname)
from pg_auth_members a
join pg_roles m on m.oid = a.member
join pg_roles g on g.oid = a.roleid
where m.rolname in ('calltrail_app', 'calltrail_writer')
