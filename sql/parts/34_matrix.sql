-- Functions of covariance and correlation matrices. doc/dependence.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.is_positive_semidefinite(matrix double precision[]) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_is_positive_semidefinite';
COMMENT ON FUNCTION margin_calib.is_positive_semidefinite(matrix double precision[]) IS
'Is a symmetric matrix positive semidefinite, within what rounding can leave: scaled to a unit diagonal, has it no eigenvalue below -k (k + 3) 2^-52 for k rows? matrix is a square float8[][] (else SQLSTATE 2202E) without NULL (22004), finite and symmetric (22023), of at most 5000 rows (54000). Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), theorem 10.7; doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.covariance_to_correlation(matrix double precision[]) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_covariance_to_correlation';
COMMENT ON FUNCTION margin_calib.covariance_to_correlation(matrix double precision[]) IS
'Correlation matrix of a covariance matrix: 1 on the diagonal, positive semidefinite; NULL in the row and column of a variance of 0. matrix is a square float8[][] (else SQLSTATE 2202E) without NULL (22004), finite and symmetric (22023), of at most 5000 rows (54000). A matrix that is not positive semidefinite is 22023. doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.cholesky(matrix double precision[]) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_cholesky_factor';
COMMENT ON FUNCTION margin_calib.cholesky(matrix double precision[]) IS
'Lower triangular L with L L = matrix, the way from independent to correlated random numbers. For a matrix that is only semidefinite, a pivot of 0 within rounding gives a column of 0. matrix is a square float8[][] (else SQLSTATE 2202E) without NULL (22004), finite and symmetric (22023), of at most 5000 rows (54000). A matrix with a negative eigenvalue is 22023. Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), chapter 10; doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.nearest_correlation(matrix double precision[]) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_nearest_correlation_matrix';
COMMENT ON FUNCTION margin_calib.nearest_correlation(matrix double precision[]) IS
'Correlation matrix nearest to a symmetric matrix in the Frobenius norm: unit diagonal, positive semidefinite. For correlations that were estimated pair by pair, stressed or edited by hand. A matrix that already is one is returned unchanged. The iteration ends when a step moves less than 1e-10 relative; NULL when 10000 steps do not suffice. matrix is a square float8[][] (else SQLSTATE 2202E) without NULL (22004), finite and symmetric (22023), of at most 800 rows (54000). Elements above 1e6 are 22023. Source: Higham, IMA J. Numer. Anal. 22 (2002), algorithm 3.3; doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.nearest_correlation(matrix double precision[], tolerance double precision) RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_nearest_correlation_matrix';
COMMENT ON FUNCTION margin_calib.nearest_correlation(matrix double precision[], tolerance double precision) IS
'nearest_correlation(matrix) with another relative tolerance of a step, 1e-14 to 1 (22023). Convergence is linear: the distance to the limit is some multiple of the tolerance. doc/dependence.md.';

CREATE OR REPLACE FUNCTION margin_calib.principal_components(matrix double precision[]) RETURNS SETOF margin_calib.principal_component
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000 ROWS 100
    AS 'MODULE_PATHNAME', 'mc_principal_components';
COMMENT ON FUNCTION margin_calib.principal_components(matrix double precision[]) IS
'Principal components of a covariance or correlation matrix, largest variance first: component, variance (eigenvalue), share of the total (NULL when that is 0) and loadings (eigenvector of length 1, its largest element in magnitude positive). matrix is a square float8[][] (else SQLSTATE 2202E) without NULL (22004), finite and symmetric (22023), of at most 800 rows (54000). A matrix that is not positive semidefinite is 22023. Loadings of equal variances are one of many bases. Source: Golub and van Loan, Matrix Computations (1996), section 8.3; doc/dependence.md.';
