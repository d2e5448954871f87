# Ten thousand random changes of positions, prices, balances and of all that is set, with refreshes between them: what is stored
# equals what is computed live, what is computed from scratch, in batches of any size, serially and in parallel, to
# the last digit.
#   BOOK_CHANGES   how many (10000)
#   BOOK_SEED      of the random numbers
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Psql;
use Book;
use Test::More;
use Time::HiRes qw(time sleep);

my $changes = $ENV{BOOK_CHANGES} || 10000;
my $seed = $ENV{BOOK_SEED} || time % 100000;
srand $seed;
note "seed $seed";

# An account margined by rates, in a currency that only its positions need.
my $s = Psql->fresh('portfolio_currency');
$s->rows(q{CREATE TABLE px (sym text, ts timestamptz, p float8);
	CREATE TABLE pos (acct text, sym text, q numeric, entry numeric);
	INSERT INTO px SELECT s, date_trunc('hour', now()) - i * interval '1 day', b * exp(0.03 * sin(i * m)) FROM generate_series(0, 60) AS i, (VALUES ('P', 100, 7), ('USDEUR', 0.9, 11)) AS v (s, b, m);
	SELECT margin_calib.attach_prices('px', 'sym', 'ts', 'p'), margin_calib.attach_positions('pos', 'acct', 'sym', 'q', entry_price => 'entry')});
$s->rows('CALL margin_calib.refresh()');
$s->rows(q{SELECT margin_calib.set_instrument('USDEUR', currency => 'EUR'), margin_calib.set_asset('USD', 'USDEUR', 'EUR'), margin_calib.set_margin_model('r', NULL, 'EUR');
	INSERT INTO pos VALUES ('r', 'P', 5, 90)});
$s->rows('CALL margin_calib.refresh()') for 1 .. 2;
is($s->value('SELECT (equity, notional, is_stale) FROM margin_calib.margin_account'), '(45.00,450.00,f)', 'five contracts with a profit of 10 dollars each, at 0.9');
$s->rows(q{INSERT INTO px VALUES ('USDEUR', clock_timestamp(), 0.5)});
is($s->value('SELECT (equity, stale_reason) FROM margin_calib.margin_account'), '(45.00,"changes wait for the next refresh")', 'when the dollar moves, they wait for a refresh');
$s->rows('CALL margin_calib.refresh()');
is($s->value('SELECT (equity, notional, is_stale) FROM margin_calib.margin_account'), '(25.00,250.00,f)', 'which finds them');
$s->close;

$s = Book::setup($ENV{BOOK_DATABASE} || 'portfolio_engine');

# One change, or two, and a refresh must find all that depends on it; then a round of many.
my ($made, $rounds, @failed, @errors) = (0, 0);
sub round
{
	my (@statements) = @_;
	my $began = time;
	for (my $i = 0; $i < @statements; $i += 50)
	{
		my $last = $i + 49 < $#statements ? $i + 49 : $#statements;
		for my $part (@statements > 5 ? join(";\n", @statements[ $i .. $last ]) : @statements[ $i .. $last ])
		{
			my $answer = $s->try($part);
			push @errors, "$answer->{state} $answer->{message} $part" if $answer->{state} ne '00000';
		}
	}
	my $changed = time;
	my $refresh = 'CALL margin_calib.refresh(batch_keys => ' . (@statements > 5 ? Book::pick(20, 500) : Book::pick(1, 2, 7, 500)) . ')';
	my $answer = $s->try($refresh, 120);
	push @errors, "$answer->{state} $answer->{message} $refresh" if $answer->{state} ne '00000';
	my $took = time - $began;
	my $difference = $s->try('SELECT * FROM difference', 120);
	note sprintf '%.2f %.2f %.2f %s', $changed - $began, $took - ($changed - $began), time - $began - $took, substr $statements[0], 0, 60 if $ENV{BOOK_TIMES};
	if ($difference->{state} ne '00000' || @{ $difference->{rows} })
	{
		push @failed, join("\n", @statements > 5 ? 'many changes' : @statements, "$difference->{state} $difference->{message}", map { substr $_, 0, 400 } @{ $difference->{rows} }[ 0 .. ($#{ $difference->{rows} } < 3 ? $#{ $difference->{rows} } : 3) ]);
		# once for each cause
		$s->rows('SELECT margin_calib.queue_accounts(NULL)');
		$s->rows('CALL margin_calib.refresh()');
	}
	$made += @statements;
	$rounds++;
	return;
}

my @kinds = Book::kinds();
my $many = int($changes / 5) || 1;
while ($made < $changes || @kinds)
{
	# each kind of setting at least once
	round(@kinds ? (shift @kinds)->() : Book::setting()) for 1 .. 4;
	round(Book::change());
	round(map { rand() < 0.005 ? Book::setting() : Book::change() } 1 .. $many) if $made < $changes;
}
is(scalar @errors, 0, "$made changes and $rounds refreshes without an error") or diag(join "\n", @errors[ 0 .. ($#errors < 3 ? $#errors : 3) ]);
is(scalar @failed, 0, 'after each refresh everything stored is what is computed live') or diag(scalar(@failed), " rounds:\n", join "\n\n", @failed[ 0 .. ($#failed < 3 ? $#failed : 3) ]);

my $columns = 'account, currency, model, collateral, collateral_value, position_value, unrealised_pnl, equity, initial_margin, maintenance_margin, excess, notional, tier, data_through, is_stale, stale_reason';
is($s->value("SELECT count(*) FROM (SELECT $columns FROM margin_calib.margin_account EXCEPT ALL SELECT n.* FROM margin_calib.account_state AS a, LATERAL (SELECT $columns FROM margin_calib.account_now(a.account)) AS n) AS d"),
	0, 'margin_account = account_now of every account');
cmp_ok(Book::snapshot($s), '>', 60, 'there is something to compare');
Book::from_scratch($s, 'from scratch', 'CALL margin_calib.refresh()');
Book::from_scratch($s, 'in batches of one key', 'CALL margin_calib.refresh(batch_keys => 1)');
Book::from_scratch($s, 'in one batch', 'CALL margin_calib.refresh(batch_keys => 100000)');
Book::from_scratch($s, 'in parallel', 'CALL margin_calib.refresh()', 'SET parallel_setup_cost = 0', 'SET parallel_tuple_cost = 0', 'SET min_parallel_table_scan_size = 0',
	$s->value('SHOW server_version_num') >= 160000 ? 'SET debug_parallel_query = on' : 'SET force_parallel_mode = on');
Book::from_scratch($s, 'in one transaction, with other plans', 'BEGIN; CALL margin_calib.refresh(commit_batches => false); COMMIT',
	'SET enable_hashjoin = off', 'SET enable_mergejoin = off', 'SET enable_hashagg = off');
done_testing();
