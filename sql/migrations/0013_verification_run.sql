-- An audit log is verified by one process at a time. Columns on a table with one row a tenant: locks are held for
-- milliseconds.
alter table audit_verification
    -- the verification that is under way, and until when it counts as that: it is prolonged, so that one whose process died
    -- gives way. Both none while it waits for a worker, and after its end.
    add column run_id uuid,
    add column run_until timestamptz,
    add constraint audit_verification_run check ((run_id is null) = (run_until is null));
