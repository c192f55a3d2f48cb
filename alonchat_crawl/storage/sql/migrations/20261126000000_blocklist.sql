-- What must not be fetched: for one project, or for all where there is none.

create table public.blocklist_rules (
    id uuid primary key default gen_random_uuid(),
    project_id uuid references public.projects (id) on delete cascade,  -- null: holds for all projects
    rule text not null check (length(rule) between 1 and 8192),  -- one line, as in a blocklist file
    created_at timestamptz not null default now(),
    unique nulls not distinct (project_id, rule)
);

-- Workers ask for this one row again and again, and for the rules only when it has changed. Not the latest
-- timestamp: that would miss what was deleted, and what was written early and committed late.
create table public.blocklist_revision (
    only_row boolean primary key default true check (only_row),
    revision bigint not null default 0
);
insert into public.blocklist_revision default values;

create function public.raise_blocklist_revision() returns trigger
    language plpgsql security invoker set search_path = ''
    as $$
begin
    insert into public.blocklist_revision as r (revision) values (1)
    on conflict (only_row) do update set revision = r.revision + 1;
    return null;
end
$$;
revoke all on function public.raise_blocklist_revision() from public, anon, authenticated;
grant execute on function public.raise_blocklist_revision() to service_role;

create trigger raise_revision after insert or update or delete or truncate on public.blocklist_rules
    for each statement execute function public.raise_blocklist_revision();

do $$
declare
    name text;
begin
    foreach name in array array['blocklist_rules', 'blocklist_revision'] loop
        execute format('alter table public.%I enable row level security', name);
        execute format('revoke all on public.%I from public, anon, authenticated', name);
        execute format('grant select, insert, update, delete on public.%I to service_role', name);
        execute format('create policy service_role_all on public.%I to service_role '
                       'using (true) with check (true)', name);
    end loop;
end $$;

-- Members see their project's rules; those for all are the operator's.
grant select on public.blocklist_rules to authenticated;
create policy member_reads on public.blocklist_rules for select to authenticated
    using (project_id in
        (select m.project_id from public.project_members m where m.user_id = (select auth.uid())));
