create table sites (id serial primary key, nom text, ville text, lat float8, lon float8);
create table agents (id serial primary key, nom text, prenom text, courriel text, fonction text);
create table vehicules (
  id serial primary key, immatriculation text unique, parc text unique, libelle text, type text,
  site_id int references sites (id), kilometrage int, disponible bool, agent_id int references agents (id),
  lat float8, lon float8, maj timestamptz
);
insert into sites (nom, ville, lat, lon)
  select 'Site ' || i, (array['Paris', 'Nanterre', 'Créteil', 'Versailles', 'Boulogne'])[1 + i % 5],
    48 + i * 7919 % 100003 / 100003.0, 2 + i * 2 % 1000 / 1000.0 from generate_series(1, 500) i;
insert into agents (nom, prenom, courriel, fonction)
  select 'Nom' || i, 'Prenom' || i, 'agent' || i || '@poste.example', case when i % 1000 = 0 then 'chef' else 'facteur' end
    from generate_series(1, 20000) i;
insert into vehicules
    (immatriculation, parc, libelle, type, site_id, kilometrage, disponible, agent_id, lat, lon, maj)
  select 'AA-' || lpad(i::text, 6, '0') || '-ZZ', 'P' || i, 'Kangoo n°' || i, (array['VL', 'VUL', 'VELO'])[1 + i % 3],
    1 + i % 500, i * 7919 % 90000, i % 4 <> 0, 1 + i % 20000, 48 + i * 7919::bigint % 100003 / 100003.0, 2 + i * 104729::bigint % 100003 / 100003.0, now()
    from generate_series(1, 100000) i;
create index on vehicules (type, id);
create index on vehicules (site_id);
create index on vehicules (agent_id);
analyze;
