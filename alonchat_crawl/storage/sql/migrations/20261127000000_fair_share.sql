-- How many sources of a project may run at once: each project has its own share, so that none waits for another's.

alter table public.projects add column max_queue_size integer check (max_queue_size >= 0);  -- null: MAX_QUEUE_SIZE
comment on column public.projects.max_queue_size is
    'Sources that may run at once; seeds above it wait. Null: the workers'' MAX_QUEUE_SIZE; 0: none begins.';

-- What a project has running is counted before each of its seeds.
create index idx_sources_running on public.sources (project_id) where status = 'running';
