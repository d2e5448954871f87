# pg_dump | pg_restore, without an option, brings back feeds, triggers, parameters, history and what
# waits in the queue, and the engine goes on working where it stood.
use strict;
use warnings;
use Test::More;

sub query
{
	my ($db, $sql) = @_;
	open(my $psql, '-|', 'psql', '-XAtq', '-d', $db, '-v', 'ON_ERROR_STOP=1', '-c', $sql) or die $!;
	local $/;
	my $out = <$psql> // '';
	close $psql;
	$out =~ s/\n+\z//;
	return $out;
}

my @state = qw(feed captured_relation capture_queue input_change instrument parameter account_position requirement
	currency_setting quarantine alert user_policy liquidity_feed instrument_liquidity liquidity_policy tier_schedule peg margin_event
	product_group product_group_member offset_calibration offset_pair account_offset policy_backtest policy_forecast
	alert_rule backtest_coverage audit audit_head proposal proposal_impact approval_limit account_grant refresh_run input_day contract_terms
	quote_feed surface_underlying surface user_scenario_set scenario_recipe);
my $hash = join(' UNION ALL ', map
	{ "SELECT '$_' AS name, count(*) AS rows, md5(string_agg(t::text, '|' ORDER BY t::text)) FROM margin_calib.$_ AS t" } @state);

system('createdb', 'old') == 0 or BAIL_OUT('no database');
query('old', 'CREATE EXTENSION margin_calib');
query('old', q{CREATE TABLE "Odd Bars" ("S" text, t timestamptz, p numeric) PARTITION BY LIST ("S");
               CREATE TABLE part_a PARTITION OF "Odd Bars" FOR VALUES IN ('A'); CREATE TABLE part_b PARTITION OF "Odd Bars" DEFAULT});
query('old', q{CREATE TABLE book (who text, s text, q numeric)});
query('old', q{SELECT margin_calib.attach_prices('"Odd Bars"', 'S', 't', 'p', policy => 'prop_desk'), margin_calib.attach_positions('book', 'who', 's', 'q')});
query('old', q{SELECT margin_calib.set_policy('mine', based_on => 'prop_desk', buffer => 0.1), margin_calib.set_amount_step('EUR', 0.05),
               margin_calib.set_instrument('B', currency => 'EUR', policy => 'mine')});
query('old', q{INSERT INTO "Odd Bars" SELECT s, now() - b * interval '1 hour', 100 * exp(0.02 * sin(ascii(s) * b::float8 * b))
                 FROM unnest(ARRAY['A', 'B', 'C']) AS s, generate_series(1, 300) AS b});
query('old', q{SELECT margin_calib.set_product_group('pair', '{A,C}', rationale => 'one source')});
query('old', q{INSERT INTO book VALUES ('p', 'A', 1), ('p', 'C', -1), ('x', 'A', 1), ('x', 'B', -2.5), ('y', 'C', 3), ('z', 'NONE', 1)});
query('old', 'CALL margin_calib.refresh()');
query('old', q{CREATE TABLE depth (s text, t timestamptz, spread numeric); INSERT INTO depth VALUES ('A', now(), 0.01);
               SELECT margin_calib.set_alert_rule('high', 'level', 0.1, '{A}'), margin_calib.attach_liquidity('depth', 's', 't', 'spread'), margin_calib.set_liquidity_policy('A', participation => 0.2),
                      margin_calib.set_contracts('{BTC-PERPETUAL,ETH_USDC-27JUN26,SOL_USDC-27JUN25-150-C}'),
                      margin_calib.set_tiers('A', margin_calib.tiers_from_leverage('{}', '{1}')), margin_calib.set_peg('C', instrument => 'A'),
                      margin_calib.add_event('e', now(), now() + interval '1 day', ARRAY['B'], rate => 0.01)});
query('old', 'CALL margin_calib.refresh()');
query('old', q{CREATE TABLE quotes (u text, t timestamptz, e timestamptz, k numeric, cp text, b float8, a float8, f float8);
               SELECT margin_calib.attach_quotes('quotes', 'u', 't', 'e', 'k', 'cp', 'b', 'a', forward => 'f', settings => margin_calib.surface_settings(minimum_quotes => 4))});
# two snapshots, a day away from a fit that a restore at another time would change
my $snap = q{INSERT INTO quotes SELECT 'U', date_trunc('day', now()) - interval '%s', date_trunc('day', now()) + m * interval '30 days', k, cp, p - 0.01, p + 0.01, 100
               FROM generate_series(1, %d) AS m, generate_series(85, 115, 5) AS k, unnest('{c,p}'::text[]) AS cp,
                    LATERAL (SELECT margin_calib.black76_price(cp, 100, k, (m * 30 + 1) / 365.0, 0.5)) AS x (p)};
query('old', sprintf($snap, '1 day', 2));
query('old', 'CALL margin_calib.refresh()');
query('old', sprintf($snap, '20 hours', 1));
query('old', q{INSERT INTO "Odd Bars" VALUES ('C', now(), -1), ('C', now(), 300)});
query('old', 'CALL margin_calib.refresh()');
query('old', q{CREATE ROLE dump_reader; CREATE ROLE dump_quant LOGIN SUPERUSER; CREATE ROLE dump_officer LOGIN SUPERUSER;
               SELECT margin_calib.grant_rights('dump_reader', 'reader'), margin_calib.grant_account('x', 'dump_reader')});
query('old', q{SET SESSION AUTHORIZATION dump_officer; SELECT margin_calib.set_approval_limits('mine', 0.01)});
query('old', q{SET SESSION AUTHORIZATION dump_quant; SELECT margin_calib.set_policy('mine', confidence => 0.9)});
query('old', 'CALL margin_calib.refresh()');
query('old', q{SELECT margin_calib.add_historical_set('past', '{"X": "A", "Y": "C"}', 100, kind => 'filtered'), margin_calib.add_scenario_set('mine', '[{"price_shock": -0.1}]')});
query('old', q{CREATE VIEW seen AS TABLE "Odd Bars"; SELECT margin_calib.attach_prices('seen', 'S', 't', 'p', capture => 'watermark'), margin_calib.detach('seen')});
my $entries = query('old', 'SELECT audit_entries FROM margin_calib.health()');
my $head = query('old', 'SELECT audit_hash FROM margin_calib.health()');
is(query('old', q{SELECT string_agg(instrument, ',') FROM margin_calib.margin_proposal WHERE state = 'open'}), 'B', 'a proposal waits while the dump is taken');
# what waits when the dump is taken must not be lost either
query('old', q{INSERT INTO part_a VALUES ('A', now(), 150); UPDATE book SET q = 7 WHERE who = 'y'});
query('old', q{UPDATE "Odd Bars" SET p = 99.5 WHERE "S" = 'B' AND t < now() - interval '290 hours'});
# who sees what, and whether that is by the same rules
my $sight = q{SELECT string_agg(relname || relrowsecurity, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'margin_calib'::regnamespace AND relkind = 'r';
              SELECT string_agg(tablename || policyname || permissive || roles::text || cmd || qual, ',' ORDER BY tablename) FROM pg_policies WHERE schemaname = 'margin_calib';
              SELECT string_agg(concat_ws(' ', c.relname, a.attname, x.privilege_type), ',' ORDER BY c.relname, a.attname, x.privilege_type) FROM pg_class AS c
                CROSS JOIN LATERAL (SELECT NULL AS attname, c.relacl AS acl UNION ALL SELECT a.attname, a.attacl FROM pg_attribute AS a WHERE a.attrelid = c.oid) AS a, aclexplode(a.acl) AS x
               WHERE c.relnamespace = 'margin_calib'::regnamespace AND x.grantee = 'dump_reader'::regrole;
              SELECT string_agg(p.oid::regprocedure::text, ',' ORDER BY p.oid::regprocedure::text) FROM pg_proc AS p, aclexplode(p.proacl) AS x WHERE p.pronamespace = 'margin_calib'::regnamespace AND x.grantee = 'dump_reader'::regrole};
my $sight_before = query('old', $sight);
like($sight_before, qr/account_grant role SELECT/, 'a reader has an account');

my $before = query('old', $hash);
like($before, qr/^capture_queue\|3\|/m, 'changes wait while the dump is taken');
like($before, qr/^input_change\|11\|/m, 'and changes in the past are logged');
like($before, qr/^quarantine\|2\|/m, 'there are quarantined rows');
like($before, qr/^account_offset\|2\|/m, 'and an account with offsets, initial and maintenance');
my $file = "$ENV{PGHOST}/margin.dump";
is(system("pg_dump -Fc old > '$file' && createdb new && pg_restore --exit-on-error -d new '$file'"), 0, 'pg_dump and pg_restore succeed');
is(query('new', $hash), $before, 'every row of state is back');
is(query('new', 'SELECT count(*) FROM pg_trigger WHERE tgfoid = \'margin_calib.capture\'::regproc'),
	query('old', 'SELECT count(*) FROM pg_trigger WHERE tgfoid = \'margin_calib.capture\'::regproc'), 'so are the triggers');
is(query('new', q{SELECT md5(margin_calib.rebuilt_scenario_set('past')::text)}), query('old', q{SELECT md5(margin_calib.rebuilt_scenario_set('past')::text)}), 'recipes make the same scenarios');
is(query('new', q{SELECT string_agg(relation::text, ',' ORDER BY id) FROM margin_calib.feed}), '"Odd Bars",book,depth,quotes', 'feeds know their tables');
is(query('new', q{SELECT count(*), sum(fallback), bool_and(margin_calib.surface_now(underlying) = margin_calib.surface_at(underlying)) FROM margin_calib.vol_surface_status}), '1|1|t', 'surfaces are back, and live = stored');
is(query('new', q{SELECT has_table_privilege('dump_reader', 'margin_calib.margin_requirement', 'SELECT')}), 't', 'rights are back');
is(query('new', q{SET ROLE dump_reader; SELECT string_agg(DISTINCT account, ',') FROM margin_calib.margin_requirement}), 'x', 'and row-level security');
is(query('new', "SELECT * FROM margin_calib.verify_audit($entries, '$head')"), '', 'the audit trail fits, with the head that was kept');
is(query('new', 'SELECT count(*) > 2 AND bool_and(is_identical) FROM (SELECT DISTINCT p.run FROM margin_calib.parameter AS p) AS r CROSS JOIN LATERAL margin_calib.replay(r.run) WHERE inputs_unchanged'), 't', 'runs replay to the same bits');
is(query('new', q{SELECT count(*) FROM (SELECT DISTINCT p.run FROM margin_calib.parameter AS p) AS r CROSS JOIN LATERAL margin_calib.changed_inputs(r.run) AS c WHERE c.change = 'update' AND c.instrument = 'B'}) > 0, 1, 'or name the rows that had changed before the dump');
is(query('new', q{SET SESSION AUTHORIZATION dump_officer; SELECT margin_calib.approve_proposal(proposal) > 0 FROM margin_calib.margin_proposal WHERE state = 'open'}), 't', 'the proposal that waited is approved');
is(query('new', $sight), $sight_before, 'rights, and row-level security with its rules, are back');
# in two parts, as pg_upgrade goes
is(system("pg_dump -Fc --schema-only old > '$file.s' && pg_dump -Fc --data-only old > '$file.d' && createdb parts && pg_restore --exit-on-error -d parts '$file.s' && pg_restore --exit-on-error -d parts '$file.d'"),
	0, 'so do a dump of the schema and one of the data');
is(query('parts', $sight), $sight_before, 'with the rights');
is(query('parts', "SET timezone = 'Asia/Tokyo'; SELECT * FROM margin_calib.verify_audit($entries, '$head')"), '', 'and the same trail');

query('new', sprintf($snap, '1 hour', 2));
query('new', 'CALL margin_calib.refresh()');
is(query('new', q{SELECT string_agg(round(extract(epoch FROM date_trunc('day', now()) - as_of) / 3600) || ' ' || cardinality(points), ',' ORDER BY as_of) FROM margin_calib.surface}), '1 28', 'a surface of quotes after the restore; older ones without their quotes');
is(query('new', q{SELECT is_stale, queue_length FROM margin_calib.refresh_status}), 't|0', 'the queue is drained; the unknown instrument is still stale');
is(query('new', q{SELECT price FROM margin_calib.margin_parameter WHERE instrument = 'A'}), '150', 'a price that waited is in force');
is(query('new', q{SELECT quantity FROM margin_calib.margin_position WHERE account = 'y'}), '7', 'so is a position');
is(query('new', q{SELECT tier_initial_charge > 0, liquidity_initial_charge > 0 FROM margin_calib.margin_position WHERE account = 'x' AND instrument = 'A'}), 't|t', 'with its tiers and its liquidity');
query('new', q{SELECT margin_calib.calibrate_offsets('pair')});
is(query('new', 'SELECT count(*) = count(DISTINCT id) AND count(*) > 0 FROM margin_calib.offset_calibration'), 't', 'calibrations of product groups go on');
query('new', q{INSERT INTO part_b VALUES ('NONE', now(), 5), ('B', now() + interval '1 second', 0)});
query('new', 'CALL margin_calib.refresh()');
is(query('new', q{SELECT count(*) FROM margin_calib.requirement WHERE is_stale}), '0', 'new prices are captured');
is(query('new', q{SELECT reason FROM margin_calib.quarantine WHERE instrument = 'B'}), 'price is not positive', 'and bad ones quarantined');
query('new', q{DELETE FROM part_b WHERE "S" = 'B' AND p = 99.5});
is(query('new', 'SELECT count(*), count(DISTINCT id), bool_and(old_price IS NOT NULL) FROM margin_calib.input_change'), '22|22|t', 'the log of changes goes on');
query('new', 'CREATE TABLE again (i text, t timestamptz, p real)');
is(query('new', q{SELECT margin_calib.attach_prices('again', 'i', 't', 'p')}), '6', 'feed ids go on');
query('new', q{SELECT margin_calib.detach('"Odd Bars"'), margin_calib.detach('book'), margin_calib.detach('again'), margin_calib.detach('depth'), margin_calib.detach('quotes')});
is(query('new', 'SELECT count(*) FROM pg_trigger WHERE tgfoid = \'margin_calib.capture\'::regproc'), '0', 'detach works on what was restored');
is(system('psql -Xqd new -c "DROP EXTENSION margin_calib"'), 0, 'and the extension can go');
done_testing();
