-- A source that an operator has paused says so, to the web app too.

alter table public.sources drop constraint sources_status_check;
alter table public.sources add constraint sources_status_check
    check (status in ('queued', 'running', 'paused', 'completed', 'failed', 'cancelled'));
