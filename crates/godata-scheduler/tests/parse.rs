//! Texts that are too long for the fuzz target `schedule` to reach.

#[test]
fn deep_and_long_texts_are_refused() {
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
