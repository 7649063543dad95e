# What the catalog says of an extension, by names and definitions and never by
# oid, so that two databases can be compared.
#
#	my $upgraded = CharmBills::Catalog::describe($cluster, 'upgraded');
#	my $fresh = CharmBills::Catalog::describe($cluster, 'fresh');
#	is(CharmBills::Catalog::difference($upgraded, $fresh), '', 'they are equal');
package CharmBills::Catalog;

use strict;
use warnings;

# Functions for the queries below.  An access control list that was never
# touched equals one that was given its defaults.
my $helpers = <<'SQL';
CREATE FUNCTION pg_temp.acl(acl aclitem[], kind "char", owner oid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s%s for %s by %s', privilege_type, CASE WHEN is_grantable THEN '*' END,
			CASE WHEN grantee = 0 THEN 'everyone' ELSE grantee::regrole::text END, grantor::regrole),
		', ' ORDER BY grantee::regrole::text, privilege_type)
	FROM aclexplode(coalesce(acl, acldefault(kind, owner))) $$;
CREATE FUNCTION pg_temp.members(class regclass) RETURNS SETOF oid LANGUAGE sql AS $$
	SELECT objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.tableoid = d.refclassid
	WHERE e.extname = 'charmbills' AND d.deptype = 'e' AND d.classid = class $$;
CREATE FUNCTION pg_temp.identity(class oid, object oid, part integer DEFAULT 0) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s %s', type, identity) FROM pg_identify_object(class, object, part) $$;
SQL

# Each gives a name and what is said under that name, a line for each column.
# No attribute number and no order of creation: a dropped column leaves a gap.
# Nor pg_attver, with which some servers note where in the log a column was made.
my @queries = (<<'SQL',
SELECT 'extension charmbills' AS name, extversion, extrelocatable, extnamespace::regnamespace::text
FROM pg_extension WHERE extname = 'charmbills'
SQL
	<<'SQL',
SELECT pg_temp.identity(d.classid, d.objid) AS name, 'member' AS is, obj_description(d.objid, d.classid::regclass::name) AS comment
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.tableoid = d.refclassid
WHERE e.extname = 'charmbills' AND d.deptype = 'e'
SQL
	<<'SQL',
SELECT 'dump of ' || extconfig[i]::regclass AS name, extcondition[i] AS condition
FROM pg_extension, generate_subscripts(extconfig, 1) i WHERE extname = 'charmbills'
SQL
	<<'SQL',
SELECT pg_temp.identity(p.classoid, p.objoid, p.objsubid) AS name, p.privtype,
	(SELECT string_agg(a::text, ', ' ORDER BY a::text) FROM unnest(p.initprivs) a) AS initial_privileges
FROM pg_init_privs p JOIN pg_depend d ON d.classid = p.classoid AND d.objid = p.objoid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.tableoid = d.refclassid WHERE e.extname = 'charmbills'
SQL
	<<'SQL',
SELECT 'schema ' || nspname AS name, nspowner::regrole::text AS owner, pg_temp.acl(nspacl, 'n', nspowner) AS privileges
FROM pg_namespace WHERE oid IN (SELECT pg_temp.members('pg_namespace'))
SQL
	<<'SQL',
SELECT 'relation ' || c.oid::regclass AS name, relkind, relpersistence, relowner::regrole::text AS owner,
	(SELECT amname FROM pg_am a WHERE a.oid = relam) AS access_method, relrowsecurity, relforcerowsecurity, relreplident,
	(SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(reloptions) o) AS options,
	pg_temp.acl(relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) AS privileges,
	CASE WHEN relkind = 'v' THEN pg_get_viewdef(c.oid) END AS view
FROM pg_class c WHERE c.oid IN (SELECT pg_temp.members('pg_class'))
SQL
	<<'SQL',
SELECT 'sequence ' || seqrelid::regclass AS name, format_type(seqtypid, NULL) AS type,
	seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle,
	(SELECT format('%s %s', d.deptype, pg_temp.identity(d.refclassid, d.refobjid, d.refobjsubid))
	 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = seqrelid AND d.deptype IN ('a', 'i')) AS owned_by
FROM pg_sequence WHERE seqrelid IN (SELECT pg_temp.members('pg_class'))
SQL
	<<'SQL',
SELECT format('column %s of %s', attname, attrelid::regclass) AS name,
	row_number() OVER (PARTITION BY attrelid ORDER BY attnum) AS position,
	format_type(atttypid, atttypmod) AS type, attnotnull, attidentity, attgenerated, attstorage, attcompression,
	(SELECT collname FROM pg_collation c WHERE c.oid = attcollation) AS collation, nullif(attstattarget, -1) AS statistics,
	(SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(attoptions) o WHERE o !~ '^pg_attver=') AS options,
	pg_temp.acl(attacl, 'c', relowner) AS privileges, pg_get_expr(adbin, adrelid) AS default,
	col_description(attrelid, attnum) AS comment
FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum
WHERE attrelid IN (SELECT pg_temp.members('pg_class')) AND attnum > 0 AND NOT attisdropped
SQL
	<<'SQL',
SELECT format('constraint %s of %s', conname, CASE WHEN conrelid <> 0 THEN conrelid::regclass::text ELSE contypid::regtype::text END) AS name,
	pg_get_constraintdef(c.oid) AS definition, convalidated, condeferrable, condeferred, connoinherit,
	obj_description(c.oid, 'pg_constraint') AS comment
FROM pg_constraint c
WHERE conrelid IN (SELECT pg_temp.members('pg_class')) OR contypid IN (SELECT pg_temp.members('pg_type'))
SQL
	<<'SQL',
SELECT 'index ' || indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS definition, indisprimary, indisunique,
	indisvalid, indisclustered, indisreplident, indimmediate, obj_description(indexrelid, 'pg_class') AS comment
FROM pg_index WHERE indrelid IN (SELECT pg_temp.members('pg_class'))
SQL
	<<'SQL',
SELECT 'statistics ' || stxname AS name, pg_get_statisticsobjdef(s.oid) AS definition
FROM pg_statistic_ext s WHERE stxrelid IN (SELECT pg_temp.members('pg_class'))
SQL
	<<'SQL',
SELECT format('trigger %s of %s', tgname, tgrelid::regclass) AS name, pg_get_triggerdef(t.oid) AS definition, tgenabled,
	obj_description(t.oid, 'pg_trigger') AS comment
FROM pg_trigger t WHERE tgrelid IN (SELECT pg_temp.members('pg_class')) AND NOT tgisinternal
SQL
	<<'SQL',
SELECT format('rule %s of %s', rulename, ev_class::regclass) AS name, pg_get_ruledef(r.oid) AS definition, ev_enabled
FROM pg_rewrite r WHERE ev_class IN (SELECT pg_temp.members('pg_class'))
SQL
	<<'SQL',
SELECT format('policy %s of %s', polname, polrelid::regclass) AS name, polcmd, polpermissive,
	(SELECT string_agg(CASE role WHEN 0 THEN 'everyone' ELSE role::regrole::text END, ', ' ORDER BY role) FROM unnest(polroles) role) AS roles,
	pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS check, obj_description(p.oid, 'pg_policy') AS comment
FROM pg_policy p WHERE polrelid IN (SELECT pg_temp.members('pg_class'))
SQL
	<<'SQL',
SELECT 'routine ' || p.oid::regprocedure AS name, prokind, pg_get_function_arguments(p.oid) AS arguments,
	pg_get_function_result(p.oid) AS result, (SELECT lanname FROM pg_language l WHERE l.oid = prolang) AS language,
	provolatile, proparallel, proisstrict, proleakproof, prosecdef, procost, prorows, prosupport::text AS support,
	proconfig, prosrc, probin, pg_get_function_sqlbody(p.oid) AS body, proowner::regrole::text AS owner,
	pg_temp.acl(proacl, 'f', proowner) AS privileges
FROM pg_proc p WHERE p.oid IN (SELECT pg_temp.members('pg_proc'))
SQL
	<<'SQL',
SELECT 'type ' || t.oid::regtype AS name, typtype, typlen, typbyval, typalign, typstorage, typcategory, typispreferred, typdelim,
	typinput::text, typoutput::text, typreceive::text, typsend::text, typmodin::text, typmodout::text, typanalyze::text,
	format_type(nullif(typbasetype, 0), typtypmod) AS base, typnotnull, typdefault,
	(SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) AS labels,
	typowner::regrole::text AS owner, pg_temp.acl(typacl, 'T', typowner) AS privileges
FROM pg_type t WHERE t.oid IN (SELECT pg_temp.members('pg_type')) AND typrelid = 0 AND typcategory <> 'A'
SQL
	<<'SQL',
SELECT 'operator ' || o.oid::regoperator AS name, oprcode::text AS function, oprresult::regtype::text AS result,
	oprcom::regoperator::text AS commutator, oprnegate::regoperator::text AS negator, oprrest::text AS restriction,
	oprjoin::text AS join, oprcanmerge, oprcanhash
FROM pg_operator o WHERE o.oid IN (SELECT pg_temp.members('pg_operator'))
SQL
	<<'SQL',
SELECT pg_temp.identity('pg_opclass'::regclass, o.oid) AS name, opcintype::regtype::text AS type, opcdefault,
	opckeytype::regtype::text AS key, pg_temp.identity('pg_opfamily'::regclass, opcfamily) AS family
FROM pg_opclass o WHERE o.oid IN (SELECT pg_temp.members('pg_opclass'))
SQL
	<<'SQL',
SELECT format('%s strategy %s (%s, %s)', pg_temp.identity('pg_opfamily'::regclass, amopfamily), amopstrategy,
		amoplefttype::regtype, amoprighttype::regtype) AS name, amopopr::regoperator::text AS operator, amoppurpose
FROM pg_amop WHERE amopfamily IN (SELECT pg_temp.members('pg_opfamily'))
SQL
	<<'SQL',
SELECT format('%s function %s (%s, %s)', pg_temp.identity('pg_opfamily'::regclass, amprocfamily), amprocnum,
		amproclefttype::regtype, amprocrighttype::regtype) AS name, amproc::regprocedure::text AS function
FROM pg_amproc WHERE amprocfamily IN (SELECT pg_temp.members('pg_opfamily'))
SQL
	<<'SQL');
SELECT format('cast (%s AS %s)', castsource::regtype, casttarget::regtype) AS name,
	castfunc::regprocedure::text AS function, castcontext, castmethod
FROM pg_cast c WHERE c.oid IN (SELECT pg_temp.members('pg_cast'))
SQL

# A list of lines.  change: SQL to be run before and undone afterwards.
sub describe
{
	my ($cluster, $database, $change) = @_;
	my $script = join "\n", 'SET search_path = pg_catalog;', 'BEGIN;', $change ? "$change;" : '', $helpers,
	  (map { <<"SQL" } @queries), 'ROLLBACK;';
SELECT format('%s: %s = %s', q.name, e.key, regexp_replace(coalesce(e.value, 'NULL'), '\\s+', ' ', 'g'))
FROM ($_) q, jsonb_each_text(to_jsonb(q) - 'name') e;
SQL

	return [ split /\n/, $cluster->safe_psql($database, $script) ];
}

# Lines that only one of them has: "<" the first, ">" the second.
sub difference
{
	my ($first, $second) = @_;
	my %count;

	$count{$_}++ foreach @$first;
	$count{$_}-- foreach @$second;
	return join '', map { ($count{$_} > 0 ? '< ' : '> ') . "$_\n" } grep { $count{$_} } sort keys %count;
}

1;
