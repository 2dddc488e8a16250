//! The report as JUnit XML, which every CI server reads.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::results::{CaseResult, Results};
use crate::verdict::Verdict;

use super::coverage::{astray, because};

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
    if !results.faults.is_empty() {
        report.add_test_suite(faults(results));
    }
    report.to_string().map_err(|why| why.to_string())
}

/// A test for each fault: it fails where the fault survives.
fn faults(results: &Results) -> TestSuite {
    let role = results.header.role;
    let mut suite = TestSuite::new(format!("restante {role} faults"));
    for fault in &results.faults {
        let mut status = TestCaseStatus::success();
        if !fault.killed {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(astray(fault).join("; "));
            status.set_type("survived");
        }
        let mut test = TestCase::new(fault.fault.as_str(), status);
        test.set_classname(format!("{role}.faults"));
        let killers: Vec<&str> = fault.kills.iter().map(|it| it.case.as_str()).collect();
        test.set_system_out(format!(
            "{}\nkilled by: {}\nbecause: {}",
            fault.says,
            killers.join(", "),
            because(fault)
        ));
        suite.add_test_case(test);
    }
    suite
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
