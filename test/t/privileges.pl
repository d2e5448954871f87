# Attacks from logins of their own: hostile objects in every schema that a session can put first, hostile tables that
# are attached, hostile names, a second pair of eyes that is the first, listeners, and writers of the trail at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Psql;
use Test::More;

my $db = 'privileges';
my @logins = qw(tp_nobody tp_reader tp_analyst tp_approver tp_engine tp_both tp_owner);
my $s = Psql->fresh($db);
for my $login (@logins)
{
	$s->try("DROP OWNED BY $login; DROP ROLE $login");
	$s->rows("CREATE ROLE $login LOGIN; GRANT CREATE, TEMPORARY ON DATABASE $db TO $login");
}
$s->rows(q{SELECT margin_calib.grant_rights('tp_reader', 'reader'), margin_calib.grant_rights('tp_analyst', 'analyst'), margin_calib.grant_rights('tp_approver', 'approver'),
	margin_calib.grant_rights('tp_engine', 'engine'), margin_calib.grant_rights('tp_both', 'analyst'), margin_calib.grant_rights('tp_both', 'approver')});
my %as = map { $_ => Psql->new("dbname=$db user=$_") } @logins;

sub refused
{
	my ($login, $sql, $name, $state) = @_;
	my $answer = $as{$login}->try($sql);
	$name =~ s/\s+/ /g;
	is($answer->{state}, $state // '42501', "$login: $name") or diag("$answer->{message}\n$sql");
	return;
}

sub done
{
	my ($login, $sql, $name) = @_;
	refused($login, $sql, $name // substr($sql, 0, 70), '00000');
	return;
}

# --- what runs, and as whom ---------------------------------------------------------------------
# spy() may be called by anybody, and tells who runs it
$s->rows(q{CREATE SCHEMA spy; GRANT USAGE ON SCHEMA spy TO PUBLIC; CREATE TABLE spy.log (who text, login text, what text); GRANT INSERT, SELECT ON spy.log TO PUBLIC;
	CREATE FUNCTION spy.spy(what text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO spy.log VALUES (current_user, session_user, what); RETURN true; END $$;
	CREATE TABLE bars (sym text, ts timestamptz, px float8); CREATE TABLE book (client text, sym text, qty numeric); CREATE TABLE depth (sym text, ts timestamptz, spread numeric);
	INSERT INTO bars SELECT s, now() - i * interval '1 day', 100 * exp(0.03 * sin(i * i + ascii(s))) FROM unnest('{A,B}'::text[]) AS s, generate_series(1, 120) AS i;
	INSERT INTO book VALUES ('x', 'A', 1), ('x', 'B', -2); INSERT INTO depth VALUES ('A', now(), 0.001);
	GRANT SELECT ON bars, book, depth TO tp_engine, tp_reader, tp_analyst, tp_approver});

sub nobody_ran_as_owner
{
	my ($name, $expected) = @_;
	my @who = $s->rows(q{SELECT DISTINCT who || ' ' || what FROM spy.log WHERE who <> login});
	ok(!@who, "$name: nothing of the attacker's runs with another's rights") or diag(join "\n", @who);
	if ($expected)
	{
		my %seen = map { $_ => 1 } $s->rows(q{SELECT DISTINCT who FROM spy.log});
		is(join(',', sort keys %seen), $expected, "$name: it does run, with the caller's rights");
	}
	$s->rows('TRUNCATE spy.log');
	return;
}

# --- a search path that the attacker fills -------------------------------------------------------
my @functions = (
	[ 'format', 'VARIADIC "any"', 'text', q{'x'} ], [ 'format', 'text', 'text', q{'x'} ], [ 'now', '', 'timestamptz', q{'epoch'} ], [ 'clock_timestamp', '', 'timestamptz', q{'epoch'} ],
	[ 'statement_timestamp', '', 'timestamptz', q{'epoch'} ], [ 'sha256', 'bytea', 'bytea', q{'\x00'} ], [ 'to_jsonb', 'anyelement', 'jsonb', q{'{}'} ], [ 'jsonb_build_object', 'VARIADIC "any"', 'jsonb', q{'{}'} ],
	[ 'pg_notify', 'text, text', 'void', 'NULL' ], [ 'current_setting', 'text', 'text', q{'postgres'} ], [ 'octet_length', 'text', 'int', '0' ], [ 'isfinite', 'timestamptz', 'boolean', 'true' ],
	[ 'btrim', 'text', 'text', q{'x'} ], [ 'cardinality', 'anyarray', 'int', '0' ], [ 'abs', 'numeric', 'numeric', '0' ], [ 'round', 'numeric, int', 'numeric', '0' ], [ 'pg_advisory_xact_lock', 'bigint', 'void', 'NULL' ],
	[ 'row_security_active', 'regclass', 'boolean', 'false' ], [ 'isempty', 'text', 'boolean', 'true' ],
	# and the extension's own
	[ 'lock_engine', '', 'void', 'NULL' ], [ 'policy', 'text', 'text', 'NULL' ], [ 'audit_change', 'text, text, text, text', 'void', 'NULL' ], [ 'audit_guard', 'text, text', 'void', 'NULL' ],
	[ 'record_changes', 'text', 'void', 'NULL' ], [ 'check_known', 'text[]', 'void', 'NULL' ], [ 'verify_audit', '', 'void', 'NULL' ], [ 'require_reason', 'text', 'void', 'NULL' ], [ 'round_up', 'numeric, numeric', 'numeric', '0' ]);
my @operators = (map({ my $o = $_; map { [ $o, $_, $_, 'boolean', 'true' ] } 'text', 'bigint', 'integer', 'numeric', 'timestamptz', 'jsonb', 'bytea', 'float8', 'name', 'oid' } '=', '<>', '<', '>'),
	[ '||', 'text', 'text', 'text', q{'x'} ], [ '||', 'bytea', 'bytea', 'bytea', q{'\x00'} ], [ '+', 'bigint', 'integer', 'bigint', '0' ], [ '+', 'timestamptz', 'interval', 'timestamptz', q{'epoch'} ],
	[ '-', 'jsonb', 'text', 'jsonb', q{'{}'} ], [ '*', 'numeric', 'numeric', 'numeric', '0' ], [ '->>', 'jsonb', 'text', 'text', q{'x'} ], [ '-', 'timestamptz', 'interval', 'timestamptz', q{'epoch'} ]);

sub fill
{
	my ($login) = @_;
	my $a = $as{$login};
	my $sql = "CREATE SCHEMA evil_$login; ";
	my $number = 0;
	for my $f (@functions)
	{
		$sql .= "CREATE FUNCTION $_.$f->[0]($f->[1]) RETURNS $f->[2] LANGUAGE plpgsql AS \$\$ BEGIN PERFORM spy.spy('$f->[0]'); RETURN "
		  . ($f->[2] eq 'void' ? '' : $f->[3]) . "; END \$\$; " for "evil_$login", 'pg_temp';
	}
	for my $o (@operators)
	{
		$number++;
		$sql .= "CREATE FUNCTION evil_$login.op_$number($o->[1], $o->[2]) RETURNS $o->[3] LANGUAGE plpgsql AS \$\$ BEGIN PERFORM spy.spy('$o->[0] $o->[1]'); RETURN $o->[4]; END \$\$; "
		  . "CREATE OPERATOR evil_$login.$o->[0] (LEFTARG = $o->[1], RIGHTARG = $o->[2], FUNCTION = evil_$login.op_$number); ";
	}
	my $answer = $a->try($sql);
	is($answer->{state}, '00000', "$login: hostile functions and operators") or diag($answer->{message});
	# tables and types of the names that the functions write, in both schemas
	for my $schema ("evil_$login", 'pg_temp')
	{
		for my $table ($s->rows(q{SELECT relname FROM pg_class WHERE relnamespace = 'margin_calib'::regnamespace AND relkind IN ('r', 'v')}))
		{
			my $columns = $s->value(qq{SELECT string_agg(format('%I %s', attname, CASE WHEN t.typnamespace = 'margin_calib'::regnamespace THEN 'text' ELSE format_type(t.oid, NULL) END), ', ' ORDER BY attnum)
				FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid WHERE attrelid = 'margin_calib.$table'::regclass AND attnum > 0 AND NOT attisdropped});
			$answer = $a->try("CREATE TABLE $schema.$table ($columns); INSERT INTO $schema.$table SELECT");
			diag("$table: $answer->{message}") if $answer->{state} ne '00000';
		}
	}
	$a->rows("CREATE DOMAIN pg_temp.margin_tier AS text; CREATE TYPE pg_temp.audit_change AS (x text); SET search_path = pg_temp, evil_$login, margin_calib, pg_catalog");
	return;
}

fill($_) for qw(tp_analyst tp_approver tp_engine tp_reader);
$s->rows('TRUNCATE spy.log');
my @attack = (
	[ tp_analyst => q{SELECT margin_calib.set_policy('p', based_on => 'crypto_venue', model => 'historical', min_returns => 50, confidence => 0.95)} ],
	[ tp_engine => q{SELECT margin_calib.attach_prices('public.bars', 'sym', 'ts', 'px', policy => 'p', new_product_policy => NULL, capture => 'watermark')} ],
	[ tp_engine => q{SELECT margin_calib.attach_positions('public.book', 'client', 'sym', 'qty', capture => 'watermark')} ],
	[ tp_engine => q{SELECT margin_calib.attach_liquidity('public.depth', 'sym', 'ts', 'spread', capture => 'watermark')} ],
	[ tp_engine => 'CALL margin_calib.refresh()' ],
	[ tp_analyst => q{SELECT margin_calib.set_instrument('A', multiplier => 2, reason => 'r')} ], [ tp_analyst => q{SELECT margin_calib.set_proxy('B', 'A', 1.5)} ],
	[ tp_analyst => q{SELECT margin_calib.set_amount_step('USD', 0.05)} ], [ tp_analyst => q{SELECT margin_calib.set_tiers('A', margin_calib.tiers_from_leverage('{1000}', '{20,10}'))} ],
	[ tp_analyst => q{SELECT margin_calib.set_liquidity_policy('A', participation => 0.2)} ], [ tp_analyst => q{SELECT margin_calib.set_peg('B', instrument => 'A')} ],
	[ tp_analyst => q{SELECT margin_calib.add_event('vote', 'now', 'tomorrow', rate => 0.01)} ], [ tp_analyst => q{SELECT margin_calib.set_product_group('pair', '{A,B}', lookback => 60, subperiods => 2)} ],
	[ tp_engine => 'CALL margin_calib.recalibrate()' ], [ tp_engine => q{SELECT margin_calib.calibrate_offsets('pair')} ], [ tp_engine => q{SELECT margin_calib.backtest_policy('p')} ],
	[ tp_engine => q{CALL margin_calib.backtest_policies('50 days', 2, '{p}')} ],
	[ tp_approver => q{SELECT margin_calib.set_approval_limits('p', 0.001)} ], [ tp_analyst => q{SELECT margin_calib.set_policy('p', confidence => 0.98)} ], [ tp_engine => 'CALL margin_calib.refresh()' ],
	[ tp_approver => q{SELECT margin_calib.approve_proposal((SELECT pg_catalog.min(proposal) FROM margin_calib.margin_proposal WHERE state OPERATOR(pg_catalog.=) 'open'))} ],
	[ tp_approver => q{SELECT margin_calib.reject_proposal((SELECT pg_catalog.min(proposal) FROM margin_calib.margin_proposal WHERE state OPERATOR(pg_catalog.=) 'open'), 'no')} ],
	[ tp_analyst => q{SELECT margin_calib.propose_override('A', 0.5, 'tomorrow', 'fork')} ],
	[ tp_analyst => q{SELECT margin_calib.withdraw_proposal((SELECT pg_catalog.max(proposal) FROM margin_calib.margin_proposal), 'no')} ],
	[ tp_analyst => q{SELECT margin_calib.cancel_event(1)} ], [ tp_analyst => q{SELECT margin_calib.drop_product_group('pair')} ], [ tp_analyst => 'SELECT pg_catalog.count(*) FROM margin_calib.verify_audit()' ],
	[ tp_approver => 'SELECT pg_catalog.count(*) FROM margin_calib.verify_audit()' ], [ tp_engine => 'CALL margin_calib.refresh()' ],
	[ tp_reader => 'SELECT * FROM margin_calib.requirement_now(\'x\')' ], [ tp_reader => 'SELECT * FROM margin_calib.margin_requirement' ], [ tp_reader => 'SELECT * FROM margin_calib.parameter_as_of(pg_catalog.now())' ],
	[ tp_reader => 'SELECT * FROM margin_calib.refresh_status' ], [ tp_engine => q{SELECT margin_calib.detach('public.depth')} ]);
done(@$_) for @attack;
nobody_ran_as_owner('search path');
is($s->value(q{SELECT count(*) FROM margin_calib.verify_audit()}), 0, 'the trail of all of it fits');
is($s->value(q{SELECT string_agg(DISTINCT login, ',' ORDER BY login) FROM margin_calib.audit WHERE kind <> 'rights' AND kind <> 'account_grant'}), 'tp_analyst,tp_approver,tp_engine', 'and names those who did it');
is($s->value(q{SELECT multiplier FROM margin_calib.instrument WHERE instrument = 'A'}), '2', 'what was set is where it belongs');
for my $login (qw(tp_analyst tp_approver tp_engine tp_reader))
{
	# every table of the attacker still has its one empty row
	my @written = grep { $_ ne '1' } map { $as{$login}->value("SELECT pg_catalog.count(*) FROM $_") } map { ("evil_$login.$_", "pg_temp.$_") } qw(audit audit_head user_policy instrument proposal parameter capture_queue engine_state);
	ok(!@written, "$login: and nothing in its tables of the same names") or diag("@written");
	$as{$login}->rows("SET search_path = pg_catalog, public");
}

# --- hostile tables, attached --------------------------------------------------------------------
$as{tp_owner}->rows(q{CREATE SCHEMA own; GRANT USAGE ON SCHEMA own TO PUBLIC; SET search_path = own, public;
	CREATE FUNCTION own.price(float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM spy.spy('price'); RETURN $1; END $$;
	CREATE FUNCTION own.key(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM spy.spy('key'); RETURN $1; END $$;
	CREATE FUNCTION own.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM spy.spy('trigger'); RETURN NEW; END $$;
	CREATE DOMAIN own.ticker AS text CHECK (spy.spy('domain ' || value));
	CREATE TABLE own.raw (sym own.ticker, ts timestamptz, px float8, doubled float8 GENERATED ALWAYS AS (own.price(px) * 2) STORED);
	CREATE TRIGGER fire BEFORE INSERT OR UPDATE ON own.raw FOR EACH ROW EXECUTE FUNCTION own.fire();
	CREATE INDEX ON own.raw (own.key(sym)) WHERE own.price(px) > 0; CREATE INDEX ON own.raw (sym);
	INSERT INTO own.raw SELECT 'V' || k, now() - i * interval '1 day', 50 + sin(i * k) FROM generate_series(1, 2) AS k, generate_series(1, 100) AS i;
	CREATE VIEW own.vbars AS SELECT own.key('view ' || sym) AS sym, ts, own.price(px) AS px FROM own.raw;
	CREATE VIEW own.vbook AS SELECT own.key('owner') AS client, own.key('view V1') AS sym, own.price(3)::numeric AS qty;
	CREATE VIEW own.vdepth AS SELECT own.key('view V1') AS sym, now() AS ts, own.price(0.001)::numeric AS spread;
	GRANT SELECT ON own.raw, own.vbars, own.vbook, own.vdepth TO tp_engine, tp_reader});
$s->rows('TRUNCATE spy.log');
done('tp_engine', $_) for q{SELECT margin_calib.attach_prices('own.raw', 'sym', 'ts', 'doubled', capture => 'watermark')}, q{SELECT margin_calib.attach_prices('own.vbars', 'sym', 'ts', 'px', capture => 'watermark')},
  q{SELECT margin_calib.attach_positions('own.vbook', 'client', 'sym', 'qty', capture => 'watermark')}, q{SELECT margin_calib.attach_liquidity('own.vdepth', 'sym', 'ts', 'spread', capture => 'watermark')},
  'CALL margin_calib.refresh()', 'CALL margin_calib.recalibrate()', q{SELECT margin_calib.backtest_policy('p')};
nobody_ran_as_owner('a hostile view', 'tp_engine');
is($s->value(q{SELECT count(*) FROM margin_calib.margin_requirement WHERE account = 'owner'}), '1', 'whose rows count');
# what writes for others reads no attached table at all
done(@$_) for [ tp_analyst => q{SELECT margin_calib.set_instrument('V1', multiplier => 3)} ], [ tp_analyst => q{SELECT margin_calib.set_amount_step('USD', 0.1)} ], [ tp_analyst => q{SELECT margin_calib.set_policy('p', confidence => 0.97)} ],
  [ tp_analyst => q{SELECT margin_calib.set_product_group('v', '{V1,V2}', lookback => 60, subperiods => 2)} ], [ tp_analyst => q{SELECT margin_calib.propose_override('V1', 0.5, now() + interval '1 day', 'why')} ],
  [ tp_approver => q{SELECT margin_calib.approve_proposal((SELECT max(proposal) FROM margin_calib.margin_proposal))} ], [ tp_approver => q{SELECT margin_calib.end_override('V1', 'why')} ], [ tp_approver => 'SELECT count(*) FROM margin_calib.verify_audit()' ],
  [ tp_engine => 'SELECT margin_calib.queue_instruments(), margin_calib.sync_events(), margin_calib.sync_proposals(), margin_calib.lock_engine(), margin_calib.log_run()' ];
is($s->value('SELECT count(*) FROM spy.log'), '0', 'functions that write for others run nothing of an attached table');
done('tp_reader', q{SELECT * FROM margin_calib.requirement_now('owner')});
nobody_ran_as_owner('requirement_now', 'tp_reader');
$as{tp_owner}->rows(q{ALTER TABLE own.raw ENABLE ROW LEVEL SECURITY; CREATE POLICY spy ON own.raw USING (spy.spy('policy'))});
done('tp_engine', 'CALL margin_calib.refresh()');
is($s->value(q{SELECT error FROM margin_calib.feed WHERE relation = 'own.raw'::regclass}), 'row-level security would hide rows from tp_engine', 'hidden rows are no feed');
nobody_ran_as_owner('a hostile policy');
$as{tp_owner}->rows('DROP POLICY spy ON own.raw; ALTER TABLE own.raw DISABLE ROW LEVEL SECURITY');
# what the engine's role may not read, it may not have read by somebody else's refresh
$as{tp_owner}->rows('CREATE TABLE own.private (sym text, ts timestamptz, px float8, client text, qty numeric)');
for my $sql (q{SELECT margin_calib.attach_prices('own.private', 'sym', 'ts', 'px', capture => 'watermark')}, q{SELECT margin_calib.attach_positions('own.private', 'client', 'sym', 'qty', capture => 'watermark')},
	q{SELECT margin_calib.attach_liquidity('own.private', 'sym', 'ts', 'qty', capture => 'watermark')}, q{SELECT margin_calib.attach_prices('pg_catalog.pg_authid', 'rolname', 'rolvaliduntil', 'rolconnlimit', capture => 'watermark')})
{
	refused('tp_engine', $sql, substr($sql, 0, 80));
}
refused('tp_engine', q{SELECT margin_calib.attach_prices('own.raw', 'sym', 'ts', 'px')}, 'triggers need a right on the table', '55000');
done('tp_engine', q{SELECT margin_calib.detach('own.raw'), margin_calib.detach('own.vbars'), margin_calib.detach('own.vbook'), margin_calib.detach('own.vdepth')});

# --- hostile names -------------------------------------------------------------------------------
my @names = (q{x"; DROP TABLE margin_calib.audit; --}, q{x'; DROP TABLE margin_calib.audit; --}, q{back\\slash\\' E'}, q{%I %s %1$s %L}, q{$1}, "\x{c3}\x{bc}n\x{c3}\x{af} \x{f0}\x{9f}\x{99}\x{82}", q{select}, q{a.b}, "new\nline", q{$function$}, q{t.});
sub ident { return '"' . ($_[0] =~ s/"/""/gr) . '"'; }
sub literal { return "'" . ($_[0] =~ s/'/''/gr) . "'"; }
for my $n (@names)
{
	my ($schema, $key, $ts, $price, $who, $quantity, $l) = (ident($n), ident($n), ident("t $n"), ident("p $n"), ident("w $n"), ident("q $n"), literal($n));
	my ($bars, $book) = ("$schema." . ident($n), "$schema." . ident("b $n"));
	done('tp_engine', $_->[1], "$_->[0]: $n")
	  for [ made => "CREATE SCHEMA $schema; CREATE TYPE $bars AS ENUM ($l, 'other')" ],
	  [ tables => "CREATE TABLE $schema." . ident("bars $n") . " ($key $bars, $ts timestamptz, $price numeric); CREATE TABLE $book ($who text, $key text, $quantity numeric)" ];
	$bars = "$schema." . ident("bars $n");
	done('tp_engine', $_->[1], "$_->[0]: $n")
	  for [ 'attached' => 'SELECT margin_calib.attach_prices(' . join(', ', map { literal($_) } $bars, $n, "t $n", "p $n") . ", policy => 'p'), "
		  . 'margin_calib.attach_positions(' . join(', ', map { literal($_) } $book, "w $n", $n, "q $n") . ')' ],
	  [ filled => "INSERT INTO $bars SELECT $l, now() - i * interval '1 day', 100 + i % 7 FROM generate_series(1, 80) AS i; INSERT INTO $bars VALUES ($l, now(), -1);
		INSERT INTO $book VALUES ($l, $l, 2), ($l, 'other', NULL), ('y', $l, 'NaN')" ],
	  [ refreshed => 'CALL margin_calib.refresh()' ], [ live => "SELECT count(*) FROM margin_calib.requirement_now($l)" ], [ walked => "SELECT margin_calib.backtest_policy('p', ARRAY[$l])" ];
	(my $name = $n) =~ s/\s/ /g;
	is($s->value("SELECT count(*) FROM margin_calib.margin_requirement WHERE account = $l AND initial_margin > 0"), '1', "counted: $name");
	is($s->value("SELECT count(*) FROM margin_calib.quarantine WHERE $l IN (instrument, account)"), '3', "and quarantined: $name");
	is($s->value("SELECT initial_margin = (SELECT sum(n.initial_margin) FROM margin_calib.requirement_now($l) AS n) FROM margin_calib.margin_requirement WHERE account = $l"), 't', "alike: $name");
	done('tp_engine', $_->[1], "$_->[0]: $n")
	  for [ broken => "ALTER TABLE $bars RENAME COLUMN $price TO gone; CALL margin_calib.refresh()" ], [ 'whole again' => "ALTER TABLE $bars RENAME COLUMN gone TO $price; CALL margin_calib.refresh()" ],
	  [ renamed => "ALTER TABLE $bars RENAME TO " . ident("r $n") . '; CALL margin_calib.recalibrate()' ],
	  [ detached => 'SELECT margin_calib.detach(' . literal("$schema." . ident("r $n")) . '), margin_calib.detach(' . literal($book) . ')' ];
}
is($s->value('SELECT count(*) FROM margin_calib.verify_audit()'), '0', 'the trail is there, and fits');

# --- a second pair of eyes -------------------------------------------------------------------------
done('tp_engine', 'CALL margin_calib.refresh()');
done('tp_approver', q{SELECT margin_calib.set_approval_limits('p', 0.0001), margin_calib.set_approval_limits('prop_desk', 0.0001)});
my $waiting = q{(SELECT max(proposal) FROM margin_calib.margin_proposal WHERE state = 'open' AND instrument = 'A')};
# the author of an override, by whatever way
done('tp_analyst', q{SELECT margin_calib.propose_override('A', 0.6, now() + interval '1 day', 'mine')});
my $mine = $s->value(q{SELECT max(id) FROM margin_calib.proposal WHERE kind = 'override' AND state = 'open'});
$s->rows('GRANT tp_approver TO tp_analyst; GRANT CREATE ON SCHEMA public TO tp_approver, tp_analyst');
$as{tp_approver}->rows(qq{CREATE FUNCTION public.approve_for_you(bigint) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT margin_calib.approve_proposal(\$1)'; GRANT EXECUTE ON FUNCTION public.approve_for_you TO PUBLIC;
	CREATE VIEW public.approving AS SELECT margin_calib.approve_proposal($mine); GRANT SELECT ON public.approving TO PUBLIC;
	CREATE TABLE public.bait (x int); GRANT INSERT ON public.bait TO PUBLIC;
	CREATE FUNCTION public.bait() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN PERFORM margin_calib.approve_proposal($mine); RETURN NEW; END';
	CREATE TRIGGER bait BEFORE INSERT ON public.bait FOR EACH ROW EXECUTE FUNCTION public.bait()});
refused('tp_analyst', "SELECT margin_calib.approve_proposal($mine)", 'an author who has the right through a role');
refused('tp_analyst', "SET ROLE tp_approver; SELECT margin_calib.approve_proposal($mine)", 'who sets that role');
$as{tp_analyst}->rows('RESET ROLE');
refused('tp_analyst', "SELECT public.approve_for_you($mine)", 'who has a function of an approver');
refused('tp_analyst', 'SELECT * FROM public.approving', 'a view');
refused('tp_analyst', 'INSERT INTO public.bait VALUES (1)', 'a trigger');
refused('tp_analyst', 'SET SESSION AUTHORIZATION tp_approver', 'who would be another login');
refused('tp_analyst', "SET SESSION AUTHORIZATION postgres", 'or the owner');
refused('tp_analyst', "SET ROLE postgres", 'or have its role');
refused('tp_analyst', "UPDATE margin_calib.proposal SET author = 'x' WHERE id = $mine", 'who writes the table');
is($s->value("SELECT state FROM margin_calib.proposal WHERE id = $mine"), 'open', 'it still waits');
refused('tp_both', "SELECT margin_calib.withdraw_proposal($mine, 'x')", 'somebody else does not withdraw it');
refused('tp_nobody', "SELECT public.approve_for_you($mine)", 'a wrapper gives who has no rights the right that its owner gave', '00000');
is($s->value("SELECT decided_by FROM margin_calib.proposal WHERE id = $mine"), 'tp_nobody', 'under the name of who decided');
done('tp_approver', q{SELECT margin_calib.end_override('A', 'done')});
$s->rows('REVOKE tp_approver FROM tp_analyst; DROP VIEW public.approving; DROP FUNCTION public.approve_for_you; DROP TABLE public.bait; DROP FUNCTION public.bait');
# who changed the policy, or what is calibrated, since the numbers in force
done('tp_analyst', q{SELECT margin_calib.set_proxy('B', NULL)});
for my $way ([ q{SELECT margin_calib.set_policy('p', confidence => 0.9)}, 'a policy' ], [ q{SELECT margin_calib.set_instrument('A', policy => 'prop_desk')}, q{an instrument's policy, to another's} ],
	[ q{SELECT margin_calib.set_instrument('A', policy => 'automatic'), margin_calib.set_proxy('A', 'B', 5)}, 'a proxy' ])
{
	done('tp_both', $way->[0]);
	$s->rows('DELETE FROM bars WHERE sym = \'A\' AND ts < now() - interval \'70 days\'') if $way->[1] eq 'a proxy';
	done('tp_engine', 'CALL margin_calib.refresh()');
	my $open = $s->value("SELECT $waiting");
	like($open, qr/^\d+$/, "waits after a change of $way->[1]");
	refused('tp_both', "SELECT margin_calib.approve_proposal($open)", "who changed $way->[1] does not approve what follows");
	done('tp_approver', "SELECT margin_calib.approve_proposal($open)", 'somebody else does');
	done('tp_engine', 'CALL margin_calib.refresh()');
}
# a version of somebody else's on top of one's own
done('tp_both', q{SELECT margin_calib.set_instrument('A', policy => 'p')});
done('tp_engine', 'CALL margin_calib.refresh()');
$s->rows("SELECT margin_calib.approve_proposal($waiting) WHERE $waiting IS NOT NULL");
done('tp_both', q{SELECT margin_calib.set_policy('p', confidence => 0.8)});
done('tp_analyst', q{SELECT margin_calib.set_policy('p', stale_after => '4 days')});
done('tp_engine', 'CALL margin_calib.refresh()');
refused('tp_both', "SELECT margin_calib.approve_proposal($waiting)", 'nor what follows from his version and another\'s after it');

# --- who listens -------------------------------------------------------------------------------------
$as{tp_nobody}->rows('LISTEN margin_calib_proposal; LISTEN margin_calib');
done('tp_analyst', q{SELECT margin_calib.propose_override('B', 0.654321, now() + interval '1 day', 'a secret')});
done('tp_engine', 'CALL margin_calib.refresh()');
my $heard = $as{tp_nobody}->try('SELECT 1')->{text} . $as{tp_nobody}->try('SELECT 2')->{text};
like($heard, qr/margin_calib_proposal.*"proposal": \d+/, 'anybody hears that a proposal waits');
unlike($heard, qr/B|0\.65|secret|override|tp_/, 'and nothing of it');

# --- writers at once -----------------------------------------------------------------------------------
my $before = $s->value('SELECT max(id) FROM margin_calib.audit');
my @pids;
for my $child (1 .. 4)
{
	my $pid = fork() // die $!;
	if (!$pid)
	{
		my $c = Psql->new("dbname=$db user=" . ($child % 2 ? 'tp_analyst' : 'tp_both'));
		my $failed = 0;
		for my $i (1 .. 25)
		{
			$failed++ if $c->try("SELECT margin_calib.set_amount_step('C$child', $i, 'at once')")->{state} ne '00000';
			$c->try("BEGIN; SELECT margin_calib.set_amount_step('C$child', 999); ROLLBACK") if $i % 5 == 0;
		}
		POSIX::_exit($failed ? 1 : 0);
	}
	push @pids, $pid;
}
my $failed = grep { waitpid($_, 0); $? } @pids;
is($failed, 0, 'four writers, none of them fails');
is($s->value("SELECT count(*) FROM margin_calib.audit WHERE id > $before AND kind = 'amount_step'"), '100', 'each change has its entry, and no change that was rolled back');
is($s->value('SELECT count(*) FROM margin_calib.verify_audit()'), '0', 'and the chain has one end');
is($s->value('SELECT count(*) = max(id) FROM margin_calib.audit'), 't', 'without a gap');

$_->close for values %as;
done_testing();
