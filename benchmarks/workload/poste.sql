create table sites (id serial primary key, nom text, ville text);
create table agents (id serial primary key, nom text, prenom text, courriel text, fonction text);
create table vehicules (
  id serial primary key, immatriculation text unique, libelle text, type text, site_id int references sites (id),
  disponible bool, agent_id int references agents (id)
);
insert into sites (nom, ville)
  select 'Site ' || i, (array['Paris', 'Nanterre', 'Créteil', 'Versailles', 'Boulogne'])[1 + i % 5]
  from generate_series(1, 500) i;
insert into agents (nom, prenom, courriel, fonction)
  select 'Nom' || i, 'Prénom' || i, 'agent' || i || '@poste.example', 'facteur'
  from generate_series(1, current_setting('bench.size')::int / 5) i;
insert into vehicules (immatriculation, libelle, type, site_id, disponible, agent_id)
  select 'AA-' || lpad(i::text, 6, '0') || '-ZZ', 'Kangoo n°' || i, (array['VL', 'VUL', 'VELO'])[1 + i % 3],
    1 + i % 500, i % 4 <> 0, 1 + i % (current_setting('bench.size')::int / 5)
  from generate_series(1, current_setting('bench.size')::int) i;
create index on vehicules (type, id);
create index on vehicules (libelle collate "C", id);
create index on vehicules ((coalesce(libelle, id::text) collate "C"), id);
