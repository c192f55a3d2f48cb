-- What ended lately is listed without reading all sources that ever ended: of all projects, or of one.
create index idx_sources_finished_at on public.sources (finished_at desc) where finished_at is not null;
create index idx_sources_project_finished_at on public.sources (project_id, finished_at desc)
    where finished_at is not null;
