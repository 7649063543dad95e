-- What the catalog must say of the extension as a whole.
SELECT plan(20);

CREATE VIEW members AS
SELECT d.classid::regclass AS class, d.objid AS id, pg_describe_object(d.classid, d.objid, 0) AS name
FROM pg_depend d
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
      AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'charmbills');

CREATE VIEW relations AS
SELECT c.*, c.oid::regclass::text AS name
FROM members m JOIN pg_class c ON c.oid = m.id WHERE m.class = 'pg_class'::regclass;

CREATE VIEW functions AS
SELECT p.*, p.oid::regprocedure::text AS name
FROM members m JOIN pg_proc p ON p.oid = m.id WHERE m.class = 'pg_proc'::regclass;

-- Functions by which the server reads, shows, compares and hashes the types.
CREATE VIEW type_functions AS
SELECT f.oid, f.name FROM functions f
WHERE f.oid IN (SELECT unnest(ARRAY[t.typinput, t.typoutput, t.typreceive, t.typsend])::oid
                FROM pg_type t WHERE t.typnamespace = 'charmbills'::regnamespace)
   OR f.oid IN (SELECT o.oprcode FROM pg_operator o WHERE o.oprnamespace = 'charmbills'::regnamespace)
   OR f.oid IN (SELECT a.amproc FROM pg_amproc a);

CREATE FUNCTION is_public(acl aclitem[], owner_default aclitem[]) RETURNS boolean LANGUAGE sql AS
$$ SELECT EXISTS (SELECT FROM aclexplode(coalesce(acl, owner_default)) WHERE grantee = 0) $$;

--
-- Everything is described
--
SELECT cmp_ok((SELECT count(*) FROM members)::integer, '>', 100, 'the extension has members to look at');

SELECT is_empty($$
    SELECT name FROM members m
    WHERE obj_description(id, class::text) IS NULL
          -- A table's row type, an array type and an identity's sequence come with what they belong to.
          AND NOT (class = 'pg_type'::regclass
                   AND EXISTS (SELECT FROM pg_type t WHERE t.oid = id AND (t.typrelid <> 0 OR t.typelem <> 0)))
          AND NOT (class = 'pg_class'::regclass
                   AND EXISTS (SELECT FROM pg_class c WHERE c.oid = id AND c.relkind = 'S'))
$$, 'every object has a comment');

SELECT is_empty($$
    SELECT r.name, a.attname FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid
    WHERE r.relkind IN ('r', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped
          AND col_description(r.oid, a.attnum) IS NULL
$$, 'every column has a comment');

SELECT is_empty($$
    SELECT r.name, p.polname FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
    WHERE obj_description(p.oid, 'pg_policy') IS NULL
    UNION ALL
    SELECT r.name, t.tgname FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid
    WHERE NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL
$$, 'every policy and trigger has a comment');

--
-- A dump holds everything
--
SELECT set_eq($$ SELECT unnest(extconfig)::regclass::text FROM pg_extension WHERE extname = 'charmbills' $$,
              $$ SELECT name FROM relations WHERE relkind IN ('r', 'p', 'S') $$,
              'every table and every sequence is dumped');

SELECT is_empty($$
    SELECT condition FROM pg_extension, unnest(extcondition) AS condition
    WHERE extname = 'charmbills' AND condition <> ''
$$, 'and with every row');

SELECT is_empty($$
    SELECT r.name, t.tgname FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid
    WHERE NOT t.tgisinternal AND (t.tgtype & 4) <> 0
$$, 'no trigger acts on INSERT');

SELECT is_empty($$
    WITH RECURSIVE edges AS (
        SELECT DISTINCT conrelid AS child, confrelid AS parent
        FROM pg_constraint WHERE contype = 'f' AND connamespace = 'charmbills'::regnamespace
    ), walk (origin, at) AS (
        SELECT child, parent FROM edges
        UNION
        SELECT w.origin, e.parent FROM walk w JOIN edges e ON e.child = w.at
    )
    SELECT origin::regclass FROM walk WHERE at = origin
$$, 'foreign keys form no cycle');

--
-- Tables
--
SELECT is_empty($$
    SELECT name FROM relations r WHERE relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = r.oid AND i.indisprimary)
$$, 'every table has a primary key');

SELECT is_empty($$ SELECT name FROM relations WHERE relkind IN ('r', 'p') AND NOT relrowsecurity $$,
                'every table has row security');

SELECT is_empty($$
    SELECT name FROM relations r WHERE relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid)
$$, 'and a policy');

SELECT is_empty($$
    SELECT name FROM relations
    WHERE relkind = 'v' AND NOT 'security_invoker=true' = ANY (coalesce(reloptions, '{}'))
$$, 'every view shows no more than its reader may see');

SELECT is_empty($$
    SELECT name FROM relations
    WHERE is_public(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
$$, 'no table, view or sequence is open to everyone');

-- A status that no move leads to or from could never be left or reached.
SELECT bag_eq($$
    SELECT c.conrelid::regclass::text AS relation, m[1] AS status
    FROM pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_]+)''::text', 'g') AS m
    WHERE c.contype = 'c' AND c.conrelid::regclass::text IN (SELECT 'charmbills.' || relation FROM charmbills.transitions())
          AND pg_get_constraintdef(c.oid) ~ '^CHECK \(\(status = ANY'
$$, $$
    SELECT 'charmbills.' || relation, from_status FROM charmbills.transitions()
    UNION
    SELECT 'charmbills.' || relation, to_status FROM charmbills.transitions()
$$, 'the statuses that a table admits are those of its moves');

SELECT set_eq($$
    SELECT r.name FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid
    WHERE r.relkind = 'r' AND a.attname = 'status' AND r.name <> 'charmbills.chain_transactions'
$$, $$
    SELECT t.tgrelid::regclass::text FROM pg_trigger t
    WHERE t.tgfoid = 'charmbills.check_transition'::regproc AND t.tgenabled = 'O'
$$, 'every table with a status but the chain''s own has its moves checked');

--
-- Functions
--
SELECT is_empty($$
    SELECT name FROM functions f
    WHERE prosecdef AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting ~ '^search_path=')
$$, 'what runs as its owner pins its search_path');

SELECT is_empty($$
    SELECT name FROM functions f
    WHERE EXISTS (SELECT FROM unnest(proconfig) AS setting
                  WHERE setting ~ '^search_path=' AND setting !~ ', *pg_temp$')
$$, 'in which temporary objects come last');

SELECT set_eq($$
    SELECT name FROM functions WHERE is_public(proacl, acldefault('f', proowner))
$$, $$
    SELECT name FROM type_functions
    UNION ALL
    SELECT unnest(ARRAY[
        'charmbills.outpoint(charmbills.txid,integer)',
        'charmbills.outpoint_txid(charmbills.outpoint)',
        'charmbills.outpoint_vout(charmbills.outpoint)',
        'charmbills.btc_to_sats(numeric)',
        'charmbills.sats_to_btc(charmbills.sats)',
        'charmbills.decode_transaction(text,text)',
        'charmbills.transaction_txid(text)',
        'charmbills.address_to_script(text,text)',
        'charmbills.script_to_address(bytea,text)',
        'charmbills.is_valid_address(text,text)',
        'charmbills.derive_address(text,integer,text)',
        'charmbills.preview_addresses(text,integer,text)',
        'charmbills.descriptor_checksum(text)',
        'charmbills.verify_message(text,text,text)',
        'charmbills.combine_psbts(text[])',
        'charmbills.decode_spell(text)',
        'charmbills.verify_spell(text)',
        'charmbills.spell_charms(text)',
        'charmbills.app_identity(charmbills.outpoint)',
        'charmbills.may_see(uuid)'])
$$, 'everyone may call the types'' functions and the primitives, and nothing else');

SELECT is_empty($$
    SELECT name FROM functions
    WHERE is_public(proacl, acldefault('f', proowner)) AND (provolatile = 'v' OR prosecdef)
$$, 'and none of these changes anything or runs as its owner');

SELECT is_empty($$
    SELECT f.name, l.lanname FROM functions f JOIN pg_language l ON l.oid = f.prolang
    WHERE l.lanname NOT IN ('c', 'sql')
$$, 'functions are in C or SQL');

SELECT * FROM finish();
