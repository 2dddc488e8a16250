//! The report as JUnit XML, which every CI server reads.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::results::{CaseResult, Results};
use crate::verdict::Verdict;

/// The report as JUnit XML.
///
/// # Errors
/// A sentence, if a text cannot be written as XML.
pub fn junit(results: &Results) -> Result<String, String> {
    let header = &results.header;
    let mut suite = TestSuite::new(format!("restante {}", header.role));
    for case in &results.cases {
        let mut test = TestCase::new(case.case.as_str(), status(case));
        test.set_classname(format!("{}.{}", header.role, case.case.family()));
        test.set_time(std::time::Duration::from_millis(case.millis));
        test.set_system_out(format!("{}\nrun it again: {}", case.title, case.again));
        suite.add_test_case(test);
    }
    let mut report = Report::new("restante-conformance");
    report.add_test_suite(suite);
    report.to_string().map_err(|why| why.to_string())
}

fn status(case: &CaseResult) -> TestCaseStatus {
    let mut status = match case.verdict {
        Verdict::Pass | Verdict::Warn => return TestCaseStatus::success(),
        Verdict::NotApplicable | Verdict::Untested | Verdict::ExpectedFail => {
            TestCaseStatus::skipped()
        }
        Verdict::Fail | Verdict::UnexpectedPass => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        Verdict::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_message(case.reason.clone());
    status.set_type(case.verdict.word());
    status
}
