# tools/doctest.sh must be able to fail: a page with known faults, block by block.
use strict;
use warnings;
use Cwd 'abs_path';
use File::Basename;
use File::Temp 'tempdir';
use Test::More;

my $doctest = abs_path(dirname(__FILE__) . '/../../tools/doctest.sh');
my $dir = tempdir(CLEANUP => 1);
my @block = (
	['ok', 'sql', "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1), (2);"],
	['ok', 'sql', 'SELECT sum(a) FROM t;', " sum\n-----\n   3\n(1 row)"],
	['not ok', 'sql', 'SELECT sum(a) FROM t;', " sum\n-----\n   4\n(1 row)"],
	['not ok', 'sql', 'SELECT 1 / 0; SELECT 2;'],
	['ok', 'sql error 22012', 'SELECT 1 / 0;'],
	['not ok', 'sql error 22023', 'SELECT 1 / 0;'],
	['not ok', 'sql error 22012', 'SELECT 1;'],
	['not ok', 'sql', '\nonsense'],
	['ok', 'sql', 'SELECT 3'],
	['not ok', 'sql', 'SELECT pg_terminate_backend(pg_backend_pid());'],
	['not ok', 'sql', 'SELECT * FROM missing;']);
my $page = join '', map { "\n```$_->[1]\n$_->[2]\n```\n" . (defined $_->[3] ? "```text expected\n$_->[3]\n```\n" : '') } @block;
open my $file, '>', "$dir/page.md" or die;
print $file "# Page\n\n```bash\nfalse\n```\n$page";
close $file;

my @said = grep { /^(not )?ok / } `'$doctest' '$dir/page.md' 2>&1`;
isnt($?, 0, 'a page with faults fails');
is(scalar @said, scalar @block, 'one line a block');
for my $i (0 .. $#block)
{
	my $title = $block[$i][2] =~ s/\n.*//sr;
	like($said[$i] // '', qr/^$block[$i][0] /, "$block[$i][0]: $title");
}
done_testing();
