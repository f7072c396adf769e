create table policies (
  id serial primary key, number text unique, kind text, limit_cents bigint, currency text, valid_from date, valid_to date
);
create table policy_assets (
  policy_id int references policies (id), scheme text, reference text, primary key (reference, scheme, policy_id)
);
insert into policies (number, kind, limit_cents, currency, valid_from, valid_to)
  select 'POL' || i, (array['MARCH', 'RC', 'DOM'])[1 + i % 3], 1000000 + i % 7 * 12345, 'EUR', date '2026-01-01' + i % 28,
    date '2027-01-01' + i % 28
  from generate_series(1, current_setting('bench.size')::int / 2) i;
insert into policy_assets (policy_id, scheme, reference)
  select 1 + (i + i / current_setting('bench.size')::int * 17) % (current_setting('bench.size')::int / 2), 'IMMAT',
    'AA-' || lpad((1 + i::bigint * 7 % current_setting('bench.size')::int)::text, 6, '0') || '-ZZ'
  from generate_series(1, 2 * current_setting('bench.size')::int) i on conflict do nothing;
insert into policy_assets (policy_id, scheme, reference)
  select 1 + (i::bigint * 11 + i / (current_setting('bench.size')::int / 2) * 17) % (current_setting('bench.size')::int / 2), 'INV',
    'EQ-' || 1 + i % (current_setting('bench.size')::int / 2)
  from generate_series(1, current_setting('bench.size')::int * 4 / 5) i on conflict do nothing;
create index on policy_assets (policy_id);
