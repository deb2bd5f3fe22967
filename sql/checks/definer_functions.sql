-- A function that runs with its owner's rights must pin its search_path.
select format('function %s is security definer without a pinned search_path', p.oid::regprocedure) as problem
from pg_proc p
where p.pronamespace = 'public'::regnamespace and p.prosecdef
  and not exists (select from unnest(p.proconfig) setting where setting like 'search_path=%')
