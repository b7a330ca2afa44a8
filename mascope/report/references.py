"""What the methods cite: as it stands in brackets, and in full."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

REFERENCES: Mapping[str, str] = MappingProxyType({
    "Cliff 1993": "Cliff, N. (1993). Dominance statistics: ordinal analyses to answer ordinal questions. "
    "Psychological Bulletin 114(3), 494–509.",
    "Cohen 1960": "Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and "
    "Psychological Measurement 20(1), 37–46.",
    "Dawid and Skene 1979": "Dawid, A. P. and Skene, A. M. (1979). Maximum likelihood estimation of observer "
    "error-rates using the EM algorithm. Journal of the Royal Statistical Society C 28(1), 20–28.",
    "Efron 1979": "Efron, B. (1979). Bootstrap methods: another look at the jackknife. The Annals of "
    "Statistics 7(1), 1–26.",
    "Gwet 2008": "Gwet, K. L. (2008). Computing inter-rater reliability and its variance in the presence of "
    "high agreement. British Journal of Mathematical and Statistical Psychology 61(1), 29–48.",
    "Hesterberg 2015": "Hesterberg, T. C. (2015). What teachers should know about the bootstrap. The "
    "American Statistician 69(4), 371–386.",
    "Holm 1979": "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian "
    "Journal of Statistics 6(2), 65–70.",
    "Kelley 1935": "Kelley, T. L. (1935). An unbiased correlation ratio measure. Proceedings of the National "
    "Academy of Sciences 21(9), 554–559.",
    "Krippendorff 2011": "Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of "
    "Pennsylvania, Annenberg School for Communication.",
    "Kruskal and Wallis 1952": "Kruskal, W. H. and Wallis, W. A. (1952). Use of ranks in one-criterion "
    "variance analysis. Journal of the American Statistical Association 47(260), 583–621.",
    "Liang and Zeger 1986": "Liang, K.-Y. and Zeger, S. L. (1986). Longitudinal data analysis using "
    "generalized linear models. Biometrika 73(1), 13–22.",
    "Mancl and DeRouen 2001": "Mancl, L. A. and DeRouen, T. A. (2001). A covariance estimator for GEE with "
    "improved small-sample properties. Biometrics 57(1), 126–134.",
    "Mann and Whitney 1947": "Mann, H. B. and Whitney, D. R. (1947). On a test of whether one of two random "
    "variables is stochastically larger than the other. The Annals of Mathematical Statistics 18(1), 50–60.",
    "Angelopoulos et al. 2023": "Angelopoulos, A. N., Bates, S., Fannjiang, C., Jordan, M. I. and Zrnic, T. "
    "(2023). Prediction-powered inference. Science 382(6671), 669–674.",
    "Phipson and Smyth 2010": "Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be "
    "zero. Statistical Applications in Genetics and Molecular Biology 9(1), 39.",
    "Rogan and Gladen 1978": "Rogan, W. J. and Gladen, B. (1978). Estimating prevalence from the results of "
    "a screening test. American Journal of Epidemiology 107(1), 71–76.",
    "Schuirmann 1987": "Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the "
    "power approach for assessing the equivalence of average bioavailability. Journal of Pharmacokinetics "
    "and Biopharmaceutics 15(6), 657–680.",
    "Wilcoxon 1945": "Wilcoxon, F. (1945). Individual comparisons by ranking methods. Biometrics Bulletin "
    "1(6), 80–83.",
    "Wilson 1927": "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical "
    "inference. Journal of the American Statistical Association 22(158), 209–212.",
})  # fmt: skip

CITED = re.compile(r"[A-Z][\w’'-]+(?: (?:and [A-Z][\w’'-]+|et al\.))? (?:1[89]|20)\d\d")
"""Authors and year, as they stand in brackets."""


def references(texts: Iterable[str]) -> tuple[str, ...]:
    """The full references of what the texts cite, by the alphabet."""
    cited = {found for text in texts for found in CITED.findall(text)}
    return tuple(sorted(REFERENCES[key] for key in cited if key in REFERENCES))
