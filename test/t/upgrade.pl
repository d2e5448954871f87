# Upgrades keep every parameter, proposal, audit entry and account grant: an upgrade of the extension, for which the
# parts of the script that are code are run again as they are, and pg_upgrade of the cluster in place.
use strict;
use warnings;
use File::Basename qw(dirname);
use Test::More;

sub query
{
	my ($sql) = @_;
	open(my $psql, '-|', 'psql', '-XAtq', '-d', 'upgraded', '-v', 'ON_ERROR_STOP=1', '-c', $sql) or die $!;
	local $/;
	my $out = <$psql> // '';
	close $psql;
	$out =~ s/\n+\z//;
	return $out;
}

my @state = qw(feed captured_relation capture_queue input_change instrument parameter account_position requirement quarantine alert
	user_policy proposal proposal_impact approval_limit account_grant audit audit_head refresh_run);

sub state_now
{
	return query(join(' UNION ALL ', map { "SELECT '$_' AS name, count(*) AS rows, md5(string_agg(t::text, '|' ORDER BY t::text)) FROM margin_calib.$_ AS t" } @state));
}

# What a risk desk would look at after an upgrade.
sub whole
{
	my ($before, $when) = @_;
	is(state_now(), $before, "$when: every row is as it was");
	is(query('SELECT * FROM margin_calib.verify_audit()'), '', "$when: the audit trail fits");
	is(query('SELECT * FROM margin_calib.verify()'), '', "$when: what is in force follows from base data");
	is(query('SELECT count(*), bool_and(is_identical) FROM (SELECT DISTINCT p.run FROM margin_calib.parameter AS p WHERE p.run IS NOT NULL) AS r CROSS JOIN LATERAL margin_calib.replay(r.run)'),
		'4|t', "$when: every run replays to the same bits");
	is(query(q{SET ROLE upgrade_desk; SELECT string_agg(DISTINCT account, ',') FROM margin_calib.margin_requirement}), 'x', "$when: a role sees its account alone");
	return;
}

sub setup
{
	system('createdb', 'upgraded') == 0 or BAIL_OUT('no database');
	query('CREATE EXTENSION margin_calib');
	query(q{CREATE TABLE bars (s text, t timestamptz, p numeric); CREATE TABLE book (who text, s text, q numeric);
		INSERT INTO bars SELECT s, date_trunc('hour', now()) - b * interval '1 hour', 100 * exp(0.02 * sin(ascii(s) * b::float8 * b)) FROM unnest(ARRAY['A', 'B']) AS s, generate_series(1, 300) AS b;
		INSERT INTO book VALUES ('x', 'A', 1), ('y', 'B', -2);
		CREATE ROLE upgrade_desk; CREATE ROLE upgrade_other LOGIN SUPERUSER; CREATE ROLE upgrade_third LOGIN SUPERUSER;
		SELECT margin_calib.grant_rights('upgrade_desk', 'reader'), margin_calib.grant_account('x', 'upgrade_desk');
		SELECT margin_calib.attach_prices('bars', 's', 't', 'p'), margin_calib.attach_positions('book', 'who', 's', 'q')});
	query('CALL margin_calib.refresh()');
	query(q{SELECT margin_calib.set_approval_limits('crypto_venue', 0.01); SET SESSION AUTHORIZATION upgrade_other; SELECT margin_calib.set_policy('crypto_venue', confidence => 0.9)});
	query('CALL margin_calib.refresh()');
	query(q{SET SESSION AUTHORIZATION upgrade_other; SELECT margin_calib.propose_override('B', 0.7, now() + interval '1 day', 'thin')});
	query(q{SELECT margin_calib.approve_proposal(max(id)) FROM margin_calib.proposal});
	query('CALL margin_calib.refresh()');
	return;
}

setup();
is(query(q{SELECT state, count(*) FROM margin_calib.proposal GROUP BY 1 ORDER BY 1}), "applied|3\nopen|2", 'proposals, applied and open');
my $before = state_now();
whole($before, 'at first');

# ---- ALTER EXTENSION UPDATE ----
SKIP:
{
	my $stage = "$ENV{PGHOST}/stage";
	my $version = query(q{SELECT extversion FROM pg_extension WHERE extname = 'margin_calib'});
	my ($script) = glob "$stage/usr/share/postgresql/*/extension/margin_calib--$version.sql";
	skip('the extension is not staged with this cluster', 6) unless $script && -w dirname($script);
	my $folder = dirname($script);
	open(my $out, '>', "$folder/margin_calib--$version--next.sql") or BAIL_OUT("cannot write into $folder");
	print $out "SET LOCAL search_path = pg_catalog, margin_calib, pg_temp;\n";
	for my $part (sort glob 'sql/parts/*.sql')
	{
		next unless $part =~ m{/[3-9][0-9]_};
		open(my $in, '<', $part) or BAIL_OUT($part);
		local $/;
		print {$out} scalar(<$in>);
	}
	close $out;
	is(system(q{psql -Xqd upgraded -v ON_ERROR_STOP=1 -c "ALTER EXTENSION margin_calib UPDATE TO 'next'"}), 0, 'code parts run again over what is there');
	whole($before, 'after an upgrade of the extension');
	unlink "$folder/margin_calib--$version--next.sql";
	query(qq{UPDATE pg_extension SET extversion = '$version' WHERE extname = 'margin_calib'});
}

# ---- pg_upgrade ----
SKIP:
{
	my $bin = `pg_config --bindir`;
	chomp $bin;
	skip('pg_upgrade is not there', 7) unless -x "$bin/pg_upgrade";
	my @as = $> == 0 ? qw(runuser -u postgres --) : ();
	my ($old, $new) = ($ENV{PGDATA}, "$ENV{PGHOST}/new_data");
	my $run = sub { return system(join(' ', "cd '$ENV{PGHOST}' &&", @as, @_) . " >>'$ENV{PGHOST}/upgrade.log' 2>&1") };
	is($run->("'$bin/initdb' -D '$new' -U postgres -A trust -E UTF8 --locale=C --no-sync"), 0, 'a new cluster');
	$run->("cp '$old/postgresql.conf' '$new/postgresql.conf'");
	system("$ENV{MC_PG_CTL} -m fast -w stop >/dev/null");
	my $upgrade = $run->("'$bin/pg_upgrade' -b '$bin' -B '$bin' -d '$old' -D '$new' -U postgres -p 50432 -P 50433");
	is($upgrade, 0, 'pg_upgrade') or diag(`tail -30 '$ENV{PGHOST}/upgrade.log'`);
	$run->("sh -c 'mv $old $old.before && mv $new $old'") if $upgrade == 0;
	system("$ENV{MC_PG_CTL} -w start >/dev/null");
	whole($before, 'after pg_upgrade');
}
is(query(q{SET SESSION AUTHORIZATION upgrade_third; SELECT margin_calib.approve_proposal(min(id)) > 0 FROM margin_calib.proposal WHERE state = 'open'}), 't', 'what waited is approved');
query(q{UPDATE bars SET p = p * 1.01 WHERE s = 'A' AND t = (SELECT max(t) FROM bars)});
query('CALL margin_calib.refresh()');
is(query('SELECT count(*) FROM margin_calib.verify_audit()') . query('SELECT count(*) FROM margin_calib.verify()'), '00', 'and the engine goes on');
done_testing();
