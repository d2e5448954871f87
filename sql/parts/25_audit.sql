-- The audit trail: every change of what is governed, each entry sealed with the hash of the one before it.

CREATE TABLE margin_calib.audit (
    id            bigint PRIMARY KEY,
    at            timestamptz NOT NULL,
    login         text NOT NULL,
    role          text NOT NULL,
    action        text NOT NULL,
    kind          text NOT NULL,
    object        text NOT NULL,
    old           jsonb,
    new           jsonb,
    reason        text,
    previous_hash bytea NOT NULL,
    hash          bytea NOT NULL
);
CREATE INDEX audit_object ON margin_calib.audit (kind, object, id);
COMMENT ON TABLE margin_calib.audit IS
'Append-only trail of every change of policies, parameters, proposals, overrides, instruments, limits, feeds, tiers, pegs, events, groups, alert rules, contracts, scenario sets, their recipes, assets, haircuts, margin models and grants. Written by margin_calib''s functions alone, in the transaction of the change; checked by margin_calib.verify_audit(). doc/governance.md.';
COMMENT ON COLUMN margin_calib.audit.id IS 'counted from 1 without a gap';
COMMENT ON COLUMN margin_calib.audit.at IS 'when it was recorded; never before the entry before it, whatever the clock does';
COMMENT ON COLUMN margin_calib.audit.login IS 'who: the login (session_user), which SET ROLE does not change';
COMMENT ON COLUMN margin_calib.audit.role IS 'the role that the login had set; its own name when none';
COMMENT ON COLUMN margin_calib.audit.action IS 'create, change or delete; of proposals also apply, open, approve, reject, withdraw, expire, supersede; of overrides end; of rights grant and revoke; found: an object that somebody had changed around the trail';
COMMENT ON COLUMN margin_calib.audit.kind IS 'kind of the object, as in margin_calib.governed_row';
COMMENT ON COLUMN margin_calib.audit.object IS 'name of the object within its kind';
COMMENT ON COLUMN margin_calib.audit.old IS 'the object as the trail last knew it; NULL: not at all';
COMMENT ON COLUMN margin_calib.audit.new IS 'the object as it is now; NULL: deleted';
COMMENT ON COLUMN margin_calib.audit.reason IS 'why, as it was given';
COMMENT ON COLUMN margin_calib.audit.previous_hash IS 'hash of the entry before; empty for the first';
COMMENT ON COLUMN margin_calib.audit.hash IS 'margin_calib.audit_hash of this entry';

CREATE TABLE margin_calib.audit_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id        bigint NOT NULL,
    at        timestamptz NOT NULL,
    hash      bytea NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE margin_calib.audit_head IS
'The latest entry of the audit trail, in one row that every writer locks, so that the chain has one end.';

CREATE TYPE margin_calib.audit_change AS (
    action text,
    kind   text,
    object text,
    old    jsonb,
    new    jsonb,
    reason text
);
COMMENT ON TYPE margin_calib.audit_change IS 'internal: what an entry of the audit trail says';

CREATE TYPE margin_calib.audit_problem AS (
    entry   bigint,
    kind    text,
    object  text,
    problem text
);
COMMENT ON TYPE margin_calib.audit_problem IS 'A row of margin_calib.verify_audit.';
COMMENT ON COLUMN margin_calib.audit_problem.entry IS 'entry of the audit trail; NULL when the problem is of an object';
COMMENT ON COLUMN margin_calib.audit_problem.kind IS 'kind of the object';
COMMENT ON COLUMN margin_calib.audit_problem.object IS 'name of the object within its kind';
COMMENT ON COLUMN margin_calib.audit_problem.problem IS 'what does not fit';

SELECT pg_catalog.pg_extension_config_dump('margin_calib.audit', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.audit_head', '');
