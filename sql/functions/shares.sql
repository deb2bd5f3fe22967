-- Erases what tells of one person from a tenant's shares, as from the audit log: who shared, and what they wrote to it; whom
-- a share is for, from where they came, and what their mail server said of them; and every text that holds their address.
-- Their links end. Lines of timelines stay, with their times, and tell of nobody. Returns the number of shares.
create or replace function calltrail_share_erase(tenant integer, persons uuid[], emails text[]) returns bigint
    language plpgsql
    set search_path = public, pg_temp
    as $$
declare
    patterns text[] := array(select calltrail_address_pattern(email) from unnest(emails) email);
    pattern text;
    touched uuid[] := '{}';
    step uuid[];
begin
    with made as (
        update share set created_by = '00000000-0000-0000-0000-000000000000', created_by_email = 'erased',
                         created_by_name = 'Somebody', message = null
        where tenant_id = tenant and (created_by = any(persons) or lower(created_by_email) = any(emails))
        returning share_id
    ) select array_agg(share_id) into step from made;
    touched := touched || step;

    with told as (
        update share set message = null where tenant_id = tenant and lower(message) ~ any(patterns) returning share_id
    ) select array_agg(share_id) into step from told;
    touched := touched || step;

    -- a link that nobody was given; each of a share's recipients has another name
    with reader as (
        update share_recipient
        set email = 'erased-' || right(recipient_id::text, 12),
            state = case state when 'sent' then 'sent' else 'failed' end,
            reason = case state when 'sent' then null else 'the recipient was erased' end,
            token_hash = sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), earlier_token_hash = null
        where tenant_id = tenant and lower(email) = any(emails)
        returning share_id, recipient_id
    ), line as (
        update share_event e set remote_addr = null
        from reader r where e.tenant_id = tenant and e.share_id = r.share_id and e.recipient_id = r.recipient_id
    ) select array_agg(share_id) into step from reader;
    touched := touched || step;

    foreach pattern in array patterns loop
        with line as (
            update share_event set what = regexp_replace(what, pattern, 'somebody who was erased', 'gi')
            where tenant_id = tenant and lower(what) ~ pattern
            returning share_id
        ) select array_agg(share_id) into step from line;
        touched := touched || step;
        update share_recipient set reason = regexp_replace(reason, pattern, 'somebody who was erased', 'gi')
            where tenant_id = tenant and lower(reason) ~ pattern;
        -- what mail servers said
        update job set last_error = regexp_replace(last_error, pattern, 'somebody who was erased', 'gi')
            where kind = 'share_mail' and tenant_id = tenant and lower(last_error) ~ pattern;
        update job_history set detail = regexp_replace(detail, pattern, 'somebody who was erased', 'gi')
            where kind = 'share_mail' and tenant_id = tenant and lower(detail) ~ pattern;
    end loop;
    return (select count(distinct share_id) from unnest(touched) share_id);
end
$$;

revoke execute on function calltrail_share_erase(integer, uuid[], text[]) from public;
grant execute on function calltrail_share_erase(integer, uuid[], text[]) to calltrail_operator;
