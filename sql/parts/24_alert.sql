-- State of alerts with thresholds, and the type in which health() answers.

CREATE TABLE margin_calib.alert_rule (
    name        text PRIMARY KEY CHECK (octet_length(name) BETWEEN 1 AND 200),
    measure     text NOT NULL
                CHECK (measure IN ('level', 'change', 'staleness', 'coverage', 'concentration', 'liquidation_horizon', 'peg', 'surface')),
    threshold   numeric NOT NULL CHECK (threshold > 0 AND threshold < 'Infinity'),
    instruments text[],
    accounts    text[],
    within      interval,
    severity    text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    set_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by      text NOT NULL DEFAULT session_user,
    CHECK ((measure IN ('change', 'staleness')) = (within IS NOT NULL))
);
COMMENT ON TABLE margin_calib.alert_rule IS
'Thresholds of alerts, written by set_alert_rule and drop_alert_rule; doc/alerts.md has the measures.';
COMMENT ON COLUMN margin_calib.alert_rule.measure IS 'what is compared: level, change, staleness, coverage, concentration, liquidation_horizon, peg or surface';
COMMENT ON COLUMN margin_calib.alert_rule.threshold IS 'an alert is open while the value is at or above it: a fraction, days of a liquidation_horizon, seconds of a staleness';
COMMENT ON COLUMN margin_calib.alert_rule.instruments IS 'NULL: all; of measure surface they are underlyings';
COMMENT ON COLUMN margin_calib.alert_rule.accounts IS 'NULL: all';
COMMENT ON COLUMN margin_calib.alert_rule.within IS 'change: how far back the rate is compared; staleness: the age that is the threshold; days are of 24 hours';
COMMENT ON COLUMN margin_calib.alert_rule.set_by IS 'who set it last';

-- Forecasts of a backtest never change: counted once, not at every evaluation.
CREATE TABLE margin_calib.backtest_coverage (
    backtest       bigint NOT NULL,
    instrument     text NOT NULL,
    exception_rate numeric NOT NULL,
    PRIMARY KEY (backtest, instrument)
);
COMMENT ON TABLE margin_calib.backtest_coverage IS
'Exception rates of the latest nightly backtests, kept for rules of measure coverage: exceptions of the value at risk / forecasts that count, of the side that has more of them.';

SELECT pg_catalog.pg_extension_config_dump('margin_calib.alert_rule', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.backtest_coverage', '');

-- Filled by name: a field may be added at any place.
CREATE TYPE margin_calib.engine_health AS (
    is_healthy            boolean,
    problems              text[],
    as_of                 timestamptz,
    data_through          timestamptz,
    is_stale              boolean,
    queue_length          bigint,
    oldest_change         timestamptz,
    oldest_change_age     interval,
    last_run              timestamptz,
    last_run_finished     timestamptz,
    last_run_by           text,
    last_success          timestamptz,
    failed_runs           bigint,
    last_error            text,
    last_error_at         timestamptz,
    instruments           bigint,
    fresh_instruments     bigint,
    stale_instruments     bigint,
    surfaces              bigint,
    stale_surfaces        bigint,
    accounts              bigint,
    stale_accounts        bigint,
    feeds                 bigint,
    broken_feeds          bigint,
    quarantined_rows      bigint,
    open_alerts           bigint,
    unacknowledged_alerts bigint,
    open_proposals        bigint,
    next_expiry           timestamptz,
    audit_entries         bigint,
    audit_hash            text,
    cron_installed        boolean,
    cron_jobs             integer,
    cron_last_status      text,
    cron_last_run         timestamptz,
    cron_problem          text
);
COMMENT ON TYPE margin_calib.engine_health IS
'How the engine is, as margin_calib.health() answers. doc/alerts.md.';
COMMENT ON COLUMN margin_calib.engine_health.is_healthy IS 'true: there are no problems';
COMMENT ON COLUMN margin_calib.engine_health.problems IS 'what is wrong and what to do, one short text each; empty when nothing is';
COMMENT ON COLUMN margin_calib.engine_health.as_of IS 'now: the time of the query';
COMMENT ON COLUMN margin_calib.engine_health.data_through IS 'the newest price that a parameter in force has seen';
COMMENT ON COLUMN margin_calib.engine_health.is_stale IS 'true: changes or events wait, a feed cannot be read, or an instrument or a requirement is stale';
COMMENT ON COLUMN margin_calib.engine_health.queue_length IS 'entries that wait for a refresh, several of one key included';
COMMENT ON COLUMN margin_calib.engine_health.oldest_change IS 'start of the transaction that made the oldest entry that waits';
COMMENT ON COLUMN margin_calib.engine_health.oldest_change_age IS 'as_of - oldest_change; NULL when nothing waits';
COMMENT ON COLUMN margin_calib.engine_health.last_run IS 'start of the latest refresh';
COMMENT ON COLUMN margin_calib.engine_health.last_run_finished IS 'its end; NULL: it still runs or ended in an error';
COMMENT ON COLUMN margin_calib.engine_health.last_run_by IS 'role that ran it';
COMMENT ON COLUMN margin_calib.engine_health.last_success IS 'start of the latest refresh that came to its end, of the last seven days';
COMMENT ON COLUMN margin_calib.engine_health.failed_runs IS 'refreshes after last_success and before the latest one that did not come to their end';
COMMENT ON COLUMN margin_calib.engine_health.last_error IS 'latest problem in the log of the last seven days, which may be over';
COMMENT ON COLUMN margin_calib.engine_health.last_error_at IS 'start of the run with last_error';
COMMENT ON COLUMN margin_calib.engine_health.instruments IS 'registered instruments';
COMMENT ON COLUMN margin_calib.engine_health.fresh_instruments IS 'of them, those with a price that is not stale';
COMMENT ON COLUMN margin_calib.engine_health.stale_instruments IS 'of them, those that are stale';
COMMENT ON COLUMN margin_calib.engine_health.surfaces IS 'underlyings of quote feeds';
COMMENT ON COLUMN margin_calib.engine_health.stale_surfaces IS 'of them, those whose volatility surface is stale';
COMMENT ON COLUMN margin_calib.engine_health.accounts IS 'accounts with positions or collateral';
COMMENT ON COLUMN margin_calib.engine_health.stale_accounts IS 'of them, those whose requirement, equity or collateral is stale';
COMMENT ON COLUMN margin_calib.engine_health.feeds IS 'attached tables';
COMMENT ON COLUMN margin_calib.engine_health.broken_feeds IS 'of them, those that cannot be read';
COMMENT ON COLUMN margin_calib.engine_health.quarantined_rows IS 'rows in quarantine that are still unusable';
COMMENT ON COLUMN margin_calib.engine_health.open_alerts IS 'alerts that are open, as in margin_alert';
COMMENT ON COLUMN margin_calib.engine_health.unacknowledged_alerts IS 'alerts that nobody has acknowledged, open or resolved';
COMMENT ON COLUMN margin_calib.engine_health.open_proposals IS 'proposals that wait for approval';
COMMENT ON COLUMN margin_calib.engine_health.next_expiry IS 'when the first of them stops to wait';
COMMENT ON COLUMN margin_calib.engine_health.audit_entries IS 'entries of the audit trail: keep it and audit_hash outside of the database, for verify_audit';
COMMENT ON COLUMN margin_calib.engine_health.audit_hash IS 'hash of the latest entry, 64 hex digits; NULL without an entry';
COMMENT ON COLUMN margin_calib.engine_health.cron_installed IS 'true: pg_cron is in this database';
COMMENT ON COLUMN margin_calib.engine_health.cron_jobs IS 'active jobs of this extension in this database that the caller may see (pg_cron shows a role its own, a superuser all); NULL when it may see none at all';
COMMENT ON COLUMN margin_calib.engine_health.cron_last_status IS 'status of the latest run of one of them: succeeded, failed, running, ...';
COMMENT ON COLUMN margin_calib.engine_health.cron_last_run IS 'start of that run';
COMMENT ON COLUMN margin_calib.engine_health.cron_problem IS 'what is wrong with the schedule, or why it cannot be told; NULL when nothing is';
