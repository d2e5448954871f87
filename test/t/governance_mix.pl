# Eight pgbench clients that feed and correct prices, trade, refresh, recalibrate, decide on proposals, override rates and
# set policies and limits, all at once: one decision a proposal, one notification a proposal that waits, one trail without a
# gap, and at the end what is stored is what the prices give. Then the same with backends killed and the server stopped.
#   MIX_SECONDS   how long (15)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use POSIX ();
use Psql;
use Test::More;
use Time::HiRes qw(time sleep);

my $seconds = $ENV{MIX_SECONDS} || 15;
my $folder = tempdir(CLEANUP => 1);

my $setup = <<'END_OF_SQL';
CREATE TABLE candles (symbol text, at timestamptz, close float8);
CREATE INDEX ON candles (symbol, at);
CREATE TABLE book (client text, symbol text, qty numeric, PRIMARY KEY (client, symbol));
INSERT INTO candles SELECT 'S' || k, date_trunc('day', now()) - i * interval '1 day', 100 * exp(0.02 * sin(i * i + k)) FROM generate_series(1, 6) AS k, generate_series(1, 120) AS i;
INSERT INTO book SELECT 'C' || c, 'S' || (1 + (c * 7 + k) % 6), c - k * 3.5 FROM generate_series(1, 8) AS c, generate_series(1, 3) AS k;
SELECT margin_calib.grant_rights('mix_ana', 'analyst'), margin_calib.grant_rights('mix_dan', 'analyst'), margin_calib.grant_rights('mix_eng', 'engine'),
       margin_calib.grant_rights('mix_bob', 'engine'), margin_calib.grant_rights(a, 'approver') FROM unnest('{mix_bob,mix_cyd,mix_dan}'::name[]) AS a;
GRANT SELECT ON candles, book TO mix_eng, mix_bob;
GRANT SELECT, INSERT, UPDATE, DELETE ON candles, book TO mix_feed;
SELECT margin_calib.set_policy('p', based_on => 'crypto_venue', confidence => 0.995, model => 'historical', minimum_rate => 0, unset => '{rise_per_day,rise_after_breach}');
SELECT margin_calib.attach_prices('candles', 'symbol', 'at', 'close', policy => 'p', new_product_policy => NULL), margin_calib.attach_positions('book', 'client', 'symbol', 'qty');
CREATE SCHEMA mix;
CREATE TABLE mix.refusal (login text DEFAULT session_user, state text, message text);
GRANT USAGE ON SCHEMA mix TO PUBLIC;
GRANT INSERT ON mix.refusal TO PUBLIC;
-- what may be refused is written down, anything else ends the client
CREATE FUNCTION mix.attempt(sql text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE sql;
EXCEPTION WHEN SQLSTATE '55000' OR SQLSTATE '42704' OR SQLSTATE '42501' OR SQLSTATE '22023' THEN
    INSERT INTO mix.refusal (state, message) VALUES (SQLSTATE, SQLERRM);
END $$;
CREATE FUNCTION mix.symbol() RETURNS text LANGUAGE sql AS $$ SELECT 'S' || 1 + floor(6 * random()) $$;
CREATE FUNCTION mix.feed() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r CONSTANT float8 := random();
    s CONSTANT text := mix.symbol();
BEGIN
    PERFORM pg_sleep(0.05 * random());
    IF r < 0.4 THEN
        INSERT INTO candles VALUES (s, clock_timestamp() - interval '1 minute', CASE WHEN random() < 0.05 THEN -1 ELSE 60 + 80 * random() END);
    ELSIF r < 0.6 THEN
        UPDATE candles SET close = 70 + 60 * random() WHERE ctid = (SELECT ctid FROM candles WHERE symbol = s ORDER BY random() LIMIT 1);
    ELSIF r < 0.7 THEN
        DELETE FROM candles WHERE ctid = (SELECT ctid FROM candles WHERE symbol = s AND at > current_date ORDER BY random() LIMIT 1);
    ELSIF r < 0.9 THEN
        INSERT INTO book VALUES ('C' || 1 + floor(8 * random()), s, round((20 * random() - 10)::numeric, 2)) ON CONFLICT (client, symbol) DO UPDATE SET qty = excluded.qty;
    ELSE
        DELETE FROM book WHERE client = 'C' || 1 + floor(8 * random()) AND symbol = s;
    END IF;
END $$;
CREATE FUNCTION mix.decide() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r CONSTANT float8 := random();
    p bigint;
BEGIN
    SELECT id INTO p FROM margin_calib.proposal WHERE state = 'open' OR random() < 0.002 ORDER BY random() LIMIT 1;
    PERFORM pg_sleep(0.1 * random());
    PERFORM mix.attempt(CASE
        WHEN r < 0.55 THEN format('SELECT margin_calib.approve_proposal(%s)', coalesce(p, 0))
        WHEN r < 0.85 THEN format('SELECT margin_calib.reject_proposal(%s, %L)', coalesce(p, 0), 'no')
        WHEN r < 0.9 THEN format('SELECT margin_calib.end_override(%L, %L)', mix.symbol(), 'no more')
        WHEN r < 0.97 THEN format('SELECT margin_calib.set_approval_limits(%L, %s, NULL, %L)', 'p', round(random()::numeric / 5, 3), '1 second')
        ELSE format('SELECT margin_calib.set_approval_limits(%L, -1)', 'p') END);
END $$;
CREATE FUNCTION mix.govern() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r CONSTANT float8 := random();
BEGIN
    PERFORM pg_sleep(0.2 * random());
    PERFORM mix.attempt(CASE
        WHEN r < 0.5 THEN format('SELECT margin_calib.propose_override(%L, %s, clock_timestamp() + %L, %L)', mix.symbol(), round(0.1 + random()::numeric, 2), 3 * random() * interval '1 second', 'a fork')
        WHEN r < 0.6 THEN format('SELECT margin_calib.end_override(%L, %L)', mix.symbol(), 'over')
        WHEN r < 0.7 THEN format('SELECT margin_calib.withdraw_proposal(%s, %L)', coalesce((SELECT max(id) FROM margin_calib.proposal WHERE state = 'open' AND author = session_user), 0), 'mine')
        WHEN r < 0.8 THEN format('SELECT margin_calib.set_instrument(%L, multiplier => %s)', mix.symbol(), 1 + floor(3 * random()))
        ELSE format('SELECT margin_calib.set_policy(%L, confidence => %s)', 'p', 0.9 + round(random()::numeric / 11, 3)) END);
END $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA mix TO PUBLIC;
-- what the prices give, what is in force, and what is wrong
CREATE VIEW calibrated AS SELECT t.symbol AS instrument, (t.k).initial_rate, (t.k).maintenance_rate, (t.k).policy, (t.k).policy_version
  FROM (SELECT symbol, margin_calib.calibrate_margin(at, close, margin_calib.policy('p')) AS k FROM candles GROUP BY symbol) AS t;
CREATE VIEW in_force AS SELECT instrument, initial_rate, maintenance_rate, policy, policy_version
  FROM margin_calib.parameter WHERE layer = 'calibration' AND valid_from IS NOT NULL AND valid_to IS NULL;
CREATE VIEW due AS SELECT * FROM calibrated EXCEPT ALL SELECT * FROM in_force;
CREATE VIEW waiting AS SELECT v.instrument, v.initial_rate, v.maintenance_rate, v.policy, v.policy_version
  FROM margin_calib.proposal AS p JOIN margin_calib.parameter AS v ON v.id = p.parameter_id WHERE p.kind = 'calibration' AND p.state = 'open';
CREATE VIEW refused AS SELECT v.instrument, v.initial_rate, v.maintenance_rate, v.policy, v.policy_version
  FROM (SELECT DISTINCT ON (instrument) * FROM margin_calib.proposal WHERE kind = 'calibration' ORDER BY instrument, id DESC) AS p
  JOIN margin_calib.parameter AS v ON v.id = p.parameter_id
  JOIN margin_calib.parameter AS o ON o.id = p.parameter_before AND o.valid_to IS NULL WHERE p.state IN ('rejected', 'withdrawn');
CREATE VIEW undecided AS SELECT f.instrument, greatest(abs(c.initial_rate / f.initial_rate - 1), abs(c.maintenance_rate / f.maintenance_rate - 1)) AS change
  FROM due AS c JOIN in_force AS f USING (instrument);
END_OF_SQL

my $columns = 'account, currency, initial_margin, maintenance_margin, notional, positions, data_through, is_stale, stale_reason';
my @oracles = (
	'what is calibrated is in force, waits or was refused' => 'SELECT * FROM due EXCEPT ALL SELECT * FROM waiting EXCEPT ALL SELECT * FROM refused',
	'nothing else waits' => 'SELECT * FROM waiting EXCEPT ALL SELECT * FROM due',
	'what is not in force lies beyond the band' => q{SELECT * FROM undecided WHERE (change > (SELECT per_step FROM margin_calib.approval_limit WHERE policy = 'p')) IS NOT TRUE},
	'stored requirement = requirement_now, both ways' => qq{WITH stored AS (SELECT $columns FROM margin_calib.margin_requirement),
		  now AS (SELECT $columns FROM (SELECT DISTINCT client FROM book) AS b, LATERAL margin_calib.requirement_now(b.client))
		(SELECT 'stored', * FROM stored EXCEPT ALL SELECT 'stored', * FROM now) UNION ALL (SELECT 'now', * FROM now EXCEPT ALL SELECT 'now', * FROM stored)},
	'one calibration in force for each instrument' => q{SELECT i.instrument FROM margin_calib.instrument AS i WHERE (SELECT count(*) FROM in_force AS f WHERE f.instrument = i.instrument) <> 1},
	'one override at most' => q{SELECT instrument FROM margin_calib.parameter WHERE override_state = 'running' GROUP BY 1 HAVING count(*) > 1},
	'valid times do not overlap' => q{SELECT a.id, b.id FROM margin_calib.parameter AS a JOIN margin_calib.parameter AS b ON b.instrument = a.instrument AND b.layer = a.layer AND b.id > a.id
		WHERE a.valid_from IS NOT NULL AND b.valid_from IS NOT NULL AND tstzrange(a.valid_from, greatest(a.valid_from, least(a.valid_to, a.ended_at)))
		      && tstzrange(b.valid_from, greatest(b.valid_from, least(b.valid_to, b.ended_at)))},
	'every decision is recorded, and every record is a decision' => q{WITH decided AS (SELECT id, state FROM margin_calib.proposal WHERE state <> 'open'),
		  recorded AS (SELECT object::bigint AS id, new ->> 'state' AS state FROM margin_calib.audit WHERE kind = 'proposal' AND new ->> 'state' <> 'open')
		(SELECT 'decided', * FROM decided EXCEPT ALL SELECT 'decided', * FROM recorded) UNION ALL (SELECT 'recorded', * FROM recorded EXCEPT ALL SELECT 'recorded', * FROM decided)},
	'applied is what came into force' => q{SELECT p.id FROM margin_calib.proposal AS p JOIN margin_calib.parameter AS v ON v.id = p.parameter_id WHERE (p.state = 'applied') <> (v.valid_from IS NOT NULL)},
	'nobody approved his own' => q{SELECT p.id FROM margin_calib.proposal AS p WHERE p.state = 'applied' AND NOT p.is_automatic AND (p.decided_by IS NULL OR p.decided_by IN (p.author, p.policy_author))},
	'nobody else withdrew' => q{SELECT p.id FROM margin_calib.proposal AS p WHERE p.state = 'withdrawn' AND p.decided_by <> p.author},
	'whoever is said to have decided did' => q{SELECT p.id FROM margin_calib.proposal AS p JOIN margin_calib.audit AS a ON a.kind = 'proposal' AND a.object = p.id::text AND a.new ->> 'state' = p.state
		WHERE p.decided_by IS NOT NULL AND p.decided_by <> a.login},
	'verify_audit finds nothing' => 'SELECT * FROM margin_calib.verify_audit()',
	'only what may be refused was' => q{SELECT DISTINCT state, message FROM mix.refusal WHERE state NOT IN ('55000', '42704', '42501', '22023') OR message NOT SIMILAR TO
		'(proposal % (is|has expired|does not exist)%|a proposal is (approved|withdrawn) by%|an override%|the override would end%|instrument % has (an|no) override%|the limits of a policy are set%|per_step is%)'});

# The scripts of a mix: login, clients, and what each does again and again.
my @scripts = (
	[ 'mix_feed', 2, "SELECT mix.feed();\n" ],
	[ 'mix_eng', 1, "\\set r random(1, 10)\n\\if :r = 1\nCALL margin_calib.recalibrate();\n\\else\nCALL margin_calib.refresh(batch_keys => 2);\n\\endif\n\\sleep 20 ms\n" ],
	[ 'mix_bob', 1, "\\set r random(1, 4)\n\\if :r = 1\nBEGIN ISOLATION LEVEL REPEATABLE READ;\nCALL margin_calib.refresh(commit_batches => false);\nCOMMIT;\n\\else\nSELECT mix.decide();\n\\endif\n" ],
	[ 'mix_cyd', 1, "SELECT mix.decide();\n" ],
	[ 'mix_dan', 2, "\\set r random(1, 8)\n\\if :r = 1\nSELECT mix.govern();\n\\else\nSELECT mix.decide();\n\\endif\n" ],
	[ 'mix_ana', 1, "SELECT mix.govern();\n" ]);

# One pgbench a login; with $again it is started again until the folder has a file `stop`.
sub start
{
	my ($database, $time, $again) = @_;
	my @children;
	unlink "$folder/stop";
	for my $script (@scripts)
	{
		my ($login, $clients, $text) = @$script;
		my $file = "$folder/$login.sql";
		open(my $out, '>', $file) or die $!;
		print $out $text;
		close $out;
		my $pid = fork() // die $!;
		if (!$pid)
		{
			$ENV{PGUSER} = $login;
			my $status;
			do
			{
				$status = system("pgbench -n -c $clients -j 1 -T $time --max-tries=50 -f $file $database >>$folder/$database.$login 2>&1");
				sleep 0.05 if $again;
			} while ($again && !-e "$folder/stop");
			POSIX::_exit($status == 0 ? 0 : 1);
		}
		push @children, $pid;
	}
	return @children;
}

sub failed
{
	my ($database) = @_;
	my @lines;
	for my $file (glob "$folder/$database.*")
	{
		open(my $in, '<', $file) or die $!;
		push @lines, grep { /ERROR|FATAL|PANIC|aborted/ } <$in>;
	}
	return @lines;
}

sub make
{
	my ($database) = @_;
	my $s = Psql->fresh($database);
	$s->rows("ALTER DATABASE $database SET synchronous_commit = on");
	$s->rows($setup);
	$s->rows("SET SESSION AUTHORIZATION mix_cyd; SELECT margin_calib.set_approval_limits('p', 0.05, NULL, '1 second'); RESET SESSION AUTHORIZATION");
	$s->rows('CALL margin_calib.refresh()');
	return $s;
}

sub truth
{
	my ($s, $when) = @_;
	# overrides end by themselves at any moment: not between the refresh and the comparison
	$s->rows(q{SELECT margin_calib.end_override(i, 'the test is over') FROM (SELECT DISTINCT instrument FROM margin_calib.parameter AS p
		WHERE layer = 'override' AND valid_from IS NOT NULL AND margin_calib.override_state_at(p, clock_timestamp() + interval '0.5 seconds') <> 'over') AS o (i)});
	sleep 0.6;
	is($s->try('CALL margin_calib.refresh()', 120)->{state}, '00000', "$when: a refresh succeeds");
	for (my $i = 0; $i < @oracles; $i += 2)
	{
		my $answer = $s->try($oracles[ $i + 1 ], 120);
		ok($answer->{state} eq '00000' && !@{ $answer->{rows} }, "$when: $oracles[$i]")
		  or diag("$answer->{state} $answer->{message}\n" . join "\n", @{ $answer->{rows} }[ 0 .. 5 ]);
	}
	# the chain, by another program than the one that made it
	my ($next, $hash, $at, $broken) = (1, '', '', 0);
	$s->rows(q{SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'});
	for ($s->rows(q{SELECT id, encode(previous_hash, 'hex'), encode(hash, 'hex'), to_char(at, 'YYYYMMDDHH24MISSUS'), encode(convert_to(
			jsonb_build_array(id, at AT TIME ZONE 'UTC', login, role, action, kind, object, old, new, reason)::text, 'UTF8'), 'hex') FROM margin_calib.audit ORDER BY id}, 120))
	{
		my ($id, $before, $own, $time, $text) = split /\|/;
		$broken++ if $id != $next || $before ne $hash || $own ne sha256_hex(pack('H*', $before) . pack('H*', $text)) || $time lt $at;
		($next, $hash, $at) = ($id + 1, $own, $time);
	}
	is($broken, 0, "$when: one chain without a gap, whose hashes and times fit");
	is($s->value(q{SELECT id || encode(hash, 'hex') FROM margin_calib.audit_head}), ($next - 1) . $hash, "$when: which ends at its head");
	note "$when: " . join ', ', $s->rows(q{SELECT kind || ' ' || state || CASE WHEN is_automatic THEN ' by itself' ELSE '' END || ' ' || count(*) FROM margin_calib.proposal GROUP BY kind, state, is_automatic ORDER BY 1}),
	  $s->rows(q{SELECT state || ' ' || count(*) FROM mix.refusal GROUP BY state ORDER BY state}), $s->value('SELECT max(version) FROM margin_calib.user_policy') . ' policies', ($next - 1) . ' entries';
	return;
}

# Numbers of proposals in the notifications that a session got so far.
sub notified
{
	my ($listener) = @_;
	return map { /^Asynchronous notification "margin_calib_proposal" with payload ".*?"proposal": (\d+)/ ? $1 : () } @{ $listener->try('SELECT 1')->{rows} };
}

my $admin = Psql->new('postgres');
$admin->rows("CREATE ROLE $_ LOGIN") for qw(mix_feed mix_eng mix_bob mix_cyd mix_dan mix_ana);

# ---- fifteen seconds ----
my $s = make('governance_mix');
my $listener = Psql->new('governance_mix');
$listener->rows('LISTEN margin_calib_proposal');
my @got;
my @clients = start('governance_mix', $seconds, 0);
my $end = time + $seconds;
while (time < $end)
{
	push @got, notified($listener);
	sleep 0.1;
}
my $bad = 0;
for (@clients)
{
	waitpid $_, 0;
	$bad++ if $?;
}
is($bad, 0, 'every client went on to the end');
my @errors = failed('governance_mix');
is(scalar(@errors), 0, 'no error but those that were expected') or diag(@errors[ 0 .. 5 ]);
is($s->value("SELECT sum(deadlocks) FROM pg_stat_database WHERE datname = current_database()"), 0, 'no deadlock');
truth($s, 'after the mix');
push @got, notified($listener) for 1 .. 2;
is(join(' ', sort { $a <=> $b } @got), join(' ', $s->rows(q{SELECT object FROM margin_calib.audit WHERE kind = 'proposal' AND action = 'open' ORDER BY object::bigint})),
	'each proposal that waited was notified once: ' . @got);
is($s->value(q{SELECT count(*) FROM unnest('{applied,rejected,superseded}'::text[]) AS w (state)
	WHERE NOT EXISTS (SELECT FROM margin_calib.proposal AS p WHERE p.state = w.state AND NOT p.is_automatic)}), 0, 'proposals were approved, rejected and superseded');
is($s->value(q{SELECT count(DISTINCT decided_by) FROM margin_calib.proposal WHERE state = 'applied'}), 3, 'three logins approved');
is($s->value(q{SELECT count(DISTINCT state) FROM mix.refusal}), 4, 'and were refused for every reason');
$listener->close;
$s->close;

# ---- with kills ----
$s = make('governance_kills');
$s->close;

sub up
{
	for (1 .. 600)
	{
		my $session = eval { Psql->new('governance_kills') };
		return $session if $session;
		sleep 0.05;
	}
	die 'the server does not come back';
}

@clients = start('governance_kills', $seconds, 1);
my $killed = 0;
for my $kill (1 .. 4)
{
	sleep $seconds / 5;
	if ($kill == 3)
	{
		system("$ENV{MC_PG_CTL} -m immediate -w restart >/dev/null 2>&1") == 0 and $killed++;
		next;
	}
	# a refresh first, then somebody who decides; at times nobody is at work, or just done
	my $session = up();
	my $dead = 0;
	for (1 .. 100)
	{
		my ($pid) = $session->rows(q{SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
			ORDER BY (query ILIKE 'CALL%') DESC, (query LIKE '%decide%') DESC, random() LIMIT 1});
		last if $dead = $pid && kill 'KILL', $pid;
		sleep 0.05;
	}
	$session->close;
	$killed++ if $dead;
	sleep 0.2;
}
sleep $seconds / 5;
open(my $stop, '>', "$folder/stop") or die $!;
close $stop;
# those that run on have nothing to lose
for (1 .. 20)
{
	last if !up()->rows(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'mix\_%'});
	sleep 0.1;
}
waitpid $_, 0 for @clients;
is($killed, 4, 'three backends were killed and the server was stopped once');
@errors = grep { !/terminating connection|server closed|the database system|connection to server|Run was aborted|perform_command|client \d+ (aborted|script \d+ aborted)/ } failed('governance_kills');
is(scalar(@errors), 0, 'no error but the end of connections') or diag(@errors[ 0 .. 5 ]);
truth(up(), 'after the kills');
$admin = Psql->new('postgres');
$admin->rows("DROP DATABASE $_") for qw(governance_mix governance_kills);
$admin->rows("DROP ROLE $_") for qw(mix_feed mix_eng mix_bob mix_cyd mix_dan mix_ana);
done_testing();
