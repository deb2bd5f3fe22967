-- Today has its partitions, none hangs in an interrupted detach, and none lies about unattached.
select format('partition %s: %s', leaf, case when pending then 'its detach was interrupted' else 'not attached' end) as problem
from calltrail_leaves() where pending or not attached
union all
select format('table %s has no partition for %s', wanted.parent, (app_now() at time zone 'UTC')::date)
from (values ('call_log'), ('call_body'), ('call_count')) wanted (parent)
where not exists (select from calltrail_leaves() l
                  where l.parent = wanted.parent and l.attached and l.day = (app_now() at time zone 'UTC')::date)
