# The loader of `make demo DATA=file.csv`: every shape of file it promises to read, and that what it
# cannot read is counted with its reason. The files are made here; the values are known by making them.
use strict;
use warnings;
use Cwd 'abs_path';
use File::Basename;
use File::Temp 'tempdir';
use Test::More;

my $load = abs_path(dirname(__FILE__) . '/../../demo/load_ohlcv.sh');
my $dir = tempdir(CLEANUP => 1);
$ENV{PGDATABASE} = 'demo_load_test';
$ENV{PGOPTIONS} = '-c client_min_messages=warning';
system('createdb', 'demo_load_test') == 0 or BAIL_OUT('no database');

sub query
{
	my $answer = `psql -XAtq -c "SET timezone = 'UTC'" -c "$_[0]"`;
	chomp $answer;
	return $answer;
}

# write NAME, load it, return (exit status, what was said)
sub load_file
{
	my ($name, $content, $gzip) = @_;
	open my $file, '>', "$dir/$name" or die;
	print $file $content;
	close $file;
	if ($gzip)
	{
		system('gzip', '-f', "$dir/$name");
		$name .= '.gz';
	}
	my $said = `'$load' '$dir/$name' 2>&1`;
	return ($? >> 8, $said);
}

# a file that must load whole, and the rows it must give
sub loads
{
	my ($title, $name, $content, $want, %option) = @_;
	query('DROP TABLE IF EXISTS ohlcv, ohlcv_reject');
	my ($status, $said) = load_file($name, $content, $option{gzip});
	is($status, 0, "$title: loads") or diag $said;
	is( query(q{SELECT string_agg(concat_ws(' ', symbol, to_char(ts, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS'), close), '; ' ORDER BY symbol, ts) FROM ohlcv}),
		$want, "$title: the bars");
	is(query('SELECT count(*) FROM ohlcv_reject'), $option{rejected} // 0, "$title: rejects");
	like($said, $option{says}, "$title: says so") if $option{says};
	return;
}

# a file that must not load, and the reason it must give
sub refuses
{
	my ($title, $name, $content, $reason) = @_;
	query('DROP TABLE IF EXISTS ohlcv, ohlcv_reject');
	my ($status, $said) = load_file($name, $content);
	isnt($status, 0, "$title: refused");
	like($said, $reason, "$title: says why");
	is(query("SELECT to_regclass('ohlcv') IS NULL"), 't', "$title: nothing is left behind");
	return;
}

my $two = '2024-01-01T00:00:00.000 42300.5; %s 2024-01-01T01:00:00.000 42410';
sub bars { my $symbol = shift; return sprintf "$symbol $two", $symbol; }

# Binance klines: open time, open, high, low, close, volume, close time, and five more
sub kline
{
	my ($unit) = @_;
	return join '', map { "$_->[0],42283.1,42554.2,42261.0,$_->[1],1271.6,$_->[2],53957248.9,47134,682.5,28957416.8,0\n" }
	  (['1704067200' . $unit, '42300.5', '1704070799' . $unit], ['1704070800' . $unit, '42410', '1704074399' . $unit]);
}
loads('klines in ms', 'BTCUSDT-1h-2024-01.csv', kline('000'), bars('BTCUSDT'));
loads('klines in us', 'BTCUSDT-1h-2025-01.csv', kline('000000'), bars('BTCUSDT'));
loads('klines with their header', 'ETHUSDT-1h-2025-01.csv',
	"open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n" . kline('000'),
	bars('ETHUSDT'));
loads('gzip', 'BTCUSDT-1h-2024-02.csv', kline('000'), bars('BTCUSDT'), gzip => 1);
loads('daily file name', 'SOLUSDT-1d-2024-01-05.csv', kline('000'), bars('SOLUSDT'));

my @iso = (['2024-01-01 00:00', '42300.5'], ['2024-01-01 01:00', '42410']);
loads('header in capitals', 'a.csv',
	"Date,Open,High,Low,Close,Volume\n" . join('', map { "$_->[0],1,2,0.5,$_->[1],7\n" } @iso), bars('a'));
loads('any order, quoted names and values', 'b.csv',
	qq{"Close","Ticker","Time"\n} . join('', map { qq{"$_->[1]","BTC ""spot""","$_->[0]:00+00"\n} } @iso), bars('BTC "spot"'));
loads('semicolons, byte order mark, CR LF', 'c.csv',
	"\xef\xbb\xbfInstrument;TS;Price\r\n" . join('', map { "BTC-PERP;$_->[0]:00Z;$_->[1]\r\n" } @iso), bars('BTC-PERP'));
loads('tabs, date and time apart', 'd.txt',
	"Date\tTime\tOpen\tHigh\tLow\tClose\n2024/01/01\t00:00\t1\t1\t1\t42300.5\n2024/01/01\t01:00\t1\t1\t1\t42410\n", bars('d'));
loads('seconds, under a title', 'e.csv',
	"https://example.org\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USDT\n"
	  . "1704067200,2024-01-01 00:00:00,BTC/USDT,1,1,1,42300.5,1,1\n1704070800,2024-01-01 01:00:00,BTC/USDT,1,1,1,42410,1,1\n",
	bars('BTC/USDT'));
loads('two columns, no header', 'f.csv', "1704067200.0,42300.5\n1704070800.0,4.2410e4\n", bars('f'));
loads('symbol first, no header', 'g.csv',
	"X,2024-01-01,1,1,1,42300.5,7\nX,2024-01-01 01:00,1,1,1,42410,7\n", bars('X'));
loads('another zone, dates without signs', 'h.csv', "ts,close\n20240101,42300.5\n2024-01-01T03:00:00+02:00,42410\n", bars('h'));

$ENV{REJECT_LIMIT} = 100;
loads('what cannot be read', 'i.csv',
	"ts,close\n2024-01-01,42300.5\n2024-01-01 01:00,42410\n2024-13-45,1\nyesterday,1\n2024-01-02,n/a\n"
	  . "2024-01-03,-3\n2024-01-04,0\n2024-01-05,1,2\n2024-01-01,5\n2024-01-06,NaN\n2024-01-07,1e999999\n2024-01-08,\"1\n2024-01-09,\n,5\n",
	bars('i'), rejected => 12, says => qr/2 lines of 14 rejected: the price is not positive, first on line 7 \(2024-01-03,-3\)/);
is( query(q{SELECT string_agg(line_number || ' ' || reason, '; ' ORDER BY line_number) FROM ohlcv_reject}),
	'4 the time is not understood; 5 the time is not understood; 6 the price is not a number; '
	  . '7 the price is not positive; 8 the price is not positive; 9 3 columns instead of 2; '
	  . '10 the symbol and time of an earlier line; 11 the price is not a number; 12 the price is not a number; '
	  . '13 a quote is not closed; 14 the price is not a number; 15 the time is not understood',
	'every unreadable line with its reason');
delete $ENV{REJECT_LIMIT};

# loading again replaces, so that a corrected file can be loaded over the first
load_file('i.csv', "ts,close\n2024-01-01,42301\n");
is(query("SELECT close FROM ohlcv WHERE ts = '2024-01-01'"), '42301', 'a bar that comes again is replaced');

refuses('too many unreadable lines', 'j.csv', "ts,close\n" . "2024-01-01,x\n" x 5 . "2024-01-02,1\n", qr/more than 5 percent/);
refuses('an empty file', 'k.csv', '', qr/is empty/);
refuses('blank lines', 'l.csv', "\n\n", qr/no line of data/);
refuses('no price column', 'm.csv', "ts,bid,ask\n2024-01-01,1,2\n", qr/no column of prices among: ts, bid, ask/);
refuses('no time column', 'n.csv', "symbol,close\nX,2\n", qr/no column of time among: symbol, close/);
refuses('columns that can mean many things', 'o.csv', "1704067200,1,2,3\n", qr/no header, and 4 columns/);
refuses('a page, not a table', 'p.csv', "<html>\n<body>\n<p>\nNot found\n</p>\n</body>\n", qr/not a CSV file/);
refuses('a zip archive', 'q.zip', "PK\x03\x04rest", qr/zip archive: unzip it first/);
my $said = `'$load' '$dir/none.csv' 2>&1`;
like($said, qr/there is no file/, 'a missing file is named');

done_testing();
