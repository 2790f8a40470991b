//! Texts of schedules that no mutation of short ones comes to; the fuzz target `schedule` has those.

#[test]
fn deep_and_long_texts_are_refused_without_harm() {
    for text in [
        "any(".repeat(100_000),
        format!("{}never{}", "any(".repeat(50), ")".repeat(50)),
        "1,".repeat(500_000),
    ] {
        assert!(godata_scheduler::parse(&text).is_err());
        assert!(godata_scheduler::parse(&format!("daily {text}")).is_err());
        #[cfg(feature = "cron")]
        assert!(godata_scheduler::parse(&format!("cron {text} * * * *")).is_err());
    }
}
