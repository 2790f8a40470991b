//! How errors print, and which of them suggest what was meant.

#![cfg(feature = "cron")]
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use godata_scheduler::{BoxError, Calendar, ScheduleError, parse};

/// `main` prints an error that it returns in its `Debug` form.
#[track_caller]
fn check(error: ScheduleError, expected: &str) {
    assert_eq!(error.to_string(), expected);
    let error: BoxError = error.into();
    assert_eq!(format!("{error:?}"), expected);
}

#[test]
fn every_variant_prints_its_message_in_display_and_in_debug() {
    let parsed = |text: &str| parse(text).unwrap_err();
    check(
        parsed("once tomorrow"),
        "invalid instant `tomorrow`: expected a date and a time, such as 2026-03-29T01:00:00Z",
    );
    check(
        parsed("@daily 5"),
        "invalid schedule `@daily 5`: expected text that starts with every, daily, monthly, cron, \
                               once, never, any(, except( or between(",
    );
    check(
        parsed("cron 61 * * * *"),
        "invalid minute `61` in cron pattern `61 * * * *`: expected * alone, or a list of 0-59, a-b, */n and \
         a-b/n",
    );
    check(
        Calendar::new().holidays("\nEaster").unwrap_err(),
        "invalid line 2 of a list of holidays, `Easter`: expected YYYY-MM-DD or MM-DD, then optionally a name",
    );
    check(
        parsed("daily 02:00 Europe/Berln"),
        "there is no time zone `Europe/Berln`; did you mean `Europe/Berlin`?",
    );
    check(
        parsed("daily 02:00 Mars"),
        "there is no time zone `Mars`: expected a name of the IANA database, such as `Europe/Berlin`",
    );
    check(parsed("cron 0 0 30 2 *"), "`cron 0 0 30 FEB *` never fires: no instant from 1970 to 2199 matches");
    check(
        parsed("except(every 1ms; on(daily 03:00 Africa/Casablanca) Africa/Casablanca)"),
        "it takes too long to find out when `except(every 1ms; on(daily 03:00 Africa/Casablanca) Africa/Casablanca)` \
             fires: combine fewer schedules, except ranges of dates, or leave a due time in each year",
    );
}

#[test]
fn a_text_that_is_surely_meant_otherwise_is_refused_with_a_suggestion() {
    for (text, meant) in [
        ("0 2 * * *", "cron 0 2 * * *"),
        ("*/5 * * * *", "cron */5 * * * *"),
        ("30 0 2 * * mon-fri", "cron 30 0 2 * * mon-fri"),
        ("0 2 * * * Europe/Berlin", "cron 0 2 * * * Europe/Berlin"),
        ("@daily", "cron @daily"),
        ("@hourly", "cron @hourly"),
        ("@every 5m", "every 5m"),
        ("hourly", "every 1h"),
        ("5m", "every 5m"),
        ("02:00 Europe/Berlin", "daily 02:00 Europe/Berlin"),
        ("last-fri 18:00", "monthly last-fri 18:00"),
        ("2026-03-29T01:00:00Z", "once 2026-03-29T01:00:00Z"),
        ("every 5 minutes", "every 5m"),
        ("every 1 hour and 30 minutes", "every 1h30m"),
        ("every 5 min from 2026-01-01T00:00:00Z", "every 5m from 2026-01-01T00:00:00Z"),
        ("daily 2 am", "daily 02:00"),
        ("daily at 02:00 mon-fri", "daily 02:00 mon-fri"),
        ("daily at 2pm Europe/Berlin gap=skip", "daily 14:00 Europe/Berlin gap=skip"),
        ("daily mon-fri 02:00", "daily 02:00 mon-fri"),
        // Other cron tools.
        ("CRON_TZ=Europe/Berlin 0 2 * * *", "cron 0 2 * * * Europe/Berlin"),
        ("TZ=Europe/Berlin  0 2 * * 1-5", "cron 0 2 * * 1-5 Europe/Berlin"),
        ("cron_tz=\"Europe/Berlin\" @daily", "cron @daily Europe/Berlin"),
        ("cron CRON_TZ=Europe/Berlin 0 2 * * *", "cron 0 2 * * * Europe/Berlin"),
        ("cron(0 2 * * ? *)", "cron 0 2 * * ?"),
        ("cron(0 2 ? * MON-FRI *)", "cron 0 2 ? * MON-FRI"),
        ("rate(5 minutes)", "every 5m"),
        ("PT1H30M", "every 1h30m"),
        // Plain English.
        ("5 minutes", "every 5m"),
        ("weekdays 02:00", "daily 02:00 mon-fri"),
        ("weekday at 2am Europe/Berlin", "daily 02:00 mon-fri Europe/Berlin"),
        ("every weekday at 02:00", "daily 02:00 mon-fri"),
        ("every monday 9:00", "daily 09:00 mon"),
        ("every day at 02:00 and 14:30", "daily 02:00,14:30"),
        ("Mondays at noon", "daily 12:00 mon"),
        ("weekends 10:00 Europe/Berlin gap=skip", "daily 10:00 sat,sun Europe/Berlin gap=skip"),
        ("at 02:00", "daily 02:00"),
        ("noon", "daily 12:00"),
        ("mon-fri 02:00", "daily 02:00 mon-fri"),
        ("daily weekdays 02:00", "daily 02:00 mon-fri"),
        // Timers of systemd.
        ("*-*-* 02:00:00", "daily 02:00"),
        ("Mon..Fri *-*-* 02:00 Europe/Berlin", "daily 02:00 mon-fri Europe/Berlin"),
        ("Mon,Wed 10:30", "daily 10:30 mon,wed"),
        ("*:0/15", "cron */15 * * * *"),
        ("*-*-* *:00:00", "cron 0 * * * *"),
        ("*-*-01 02:00:00", "cron 0 2 1 * *"),
        ("*-01-01 00:00:00 Europe/Berlin", "cron 0 0 1 JAN * Europe/Berlin"),
        ("Fri *-*-13 18:00", "cron 0 18 13 * +FRI"),
        ("Mon *:0/30", "cron 0,30 * * * MON"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert_eq!(error, format!("invalid schedule `{text}`; did you mean `{meant}`?"));
        assert!(parse(meant).is_ok(), "{meant}");
    }
    for (text, message) in [
        ("every PT5M", "invalid duration `PT5M`; did you mean `5m`?"),
        ("every 5min", "invalid duration `5min`; did you mean `5m`?"),
        ("every hour", "invalid duration `hour`; did you mean `1h`?"),
        ("daily 2am", "invalid time of day `2am`; did you mean `02:00`?"),
        ("daily 02:00,2:30", "invalid time of day `2:30`; did you mean `02:30`?"),
        (
            "cron 0 2 * * * TZ=europe/berlin",
            "invalid option `TZ=europe/berlin`; did you mean `Europe/Berlin`?",
        ),
        ("daily 02:00 Mo-Fr", "invalid weekday `Mo-Fr`; did you mean `mon-fri`?"),
        ("daily 02:00 Mo,We Europe/Berlin", "invalid weekday `Mo,We`; did you mean `mon,wed`?"),
        ("daily 02:00 weekdays", "invalid weekday `weekdays`; did you mean `mon-fri`?"),
        ("except(every 6h; weekends)", "invalid weekday `weekends`; did you mean `sat,sun`?"),
        ("except(every 6h; Saturday Europe/Berlin)", "invalid weekday `Saturday`; did you mean `sat`?"),
        ("monthly 15th 02:00", "invalid day of the month `15th`; did you mean `15`?"),
        ("monthly last-friday 18:00", "invalid day of the month `last-friday`; did you mean `last-fri`?"),
        ("any(0 2 * * *; daily 02:00)", "invalid schedule `0 2 * * *`; did you mean `cron 0 2 * * *`?"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_text_that_could_mean_several_things_is_refused_with_what_is_accepted() {
    for (text, message) in [
        ("", "invalid schedule ``: expected text that starts with every, daily,"),
        ("* * *", "invalid schedule `* * *`: expected text that starts with every, daily,"),
        (
            "weekdays",
            "invalid schedule `weekdays`: expected a time of day, too, such as `daily 02:00 mon-fri`",
        ),
        (
            "every monday",
            "invalid schedule `every monday`: expected a time of day, too, such as `daily 02:00 mon-fri`",
        ),
        ("every month", "invalid duration `month`: expected numbers with units"),
        ("@reboot", "invalid schedule `@reboot`: expected a time; to run something at the start, call it in"),
        ("cron @reboot", "invalid cron pattern `@reboot`: expected a time; to run something at the start"),
        ("cron(0 2 ? * 2-6 *)", "invalid schedule `cron(0 2 ? * 2-6 *)`: expected `cron PATTERN"),
        (
            "CRON_TZ=Europe/Berln 0 2 * * *",
            "invalid schedule `CRON_TZ=Europe/Berln 0 2 * * *`: expected text that",
        ),
        ("0 0 1 1 * 2026", "invalid schedule `0 0 1 1 * 2026`: expected `cron PATTERN [ZONE]"),
        ("Sat *-*-1..7 18:00:00", "invalid schedule `Sat *-*-1..7 18:00:00`: expected text that starts with"),
        (
            "cron 0/15 * * * *",
            "invalid minute `0/15` in cron pattern `0/15 * * * *`: expected a range before the step",
        ),
        ("2026-*-* 02:00", "invalid schedule `2026-*-* 02:00`: expected text that starts with"),
        ("weekly", "invalid schedule `weekly`: expected text that starts with every, daily,"),
        ("daily", "invalid schedule `daily`: expected `daily TIMES"),
        ("daily mon mon 02:00", "invalid schedule `daily mon mon 02:00`: expected `daily TIMES"),
        ("every 5M", "invalid duration `5M`: expected numbers with units"),
        ("every week", "invalid duration `week`: expected numbers with units"),
        ("daily 2", "invalid time of day `2`: expected HH:MM"),
        ("daily 02:00 mon-fry", "invalid weekday `mon-fry`: expected mon, tue,"),
        (
            "monthly Mo-Fr 02:00",
            "invalid day of the month `Mo-Fr`: expected 1 to 31, last, 1st-mon to 5th-sun, or last-mon to last-sun; \
             `daily` takes weekdays such as mon-fri",
        ),
        ("monthly 1 02:00 monday", "invalid day of the month `monday`: expected 1 to 31,"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with(message), "{text}: {error}");
    }
    let long = format!("every {}1m", "1h ".repeat(50));
    assert!(!parse(&long).unwrap_err().to_string().contains("did you mean"));
}

#[test]
fn an_abbreviation_or_an_offset_is_refused_with_what_a_zone_is() {
    let expected = "expected a name of the IANA database, such as `Europe/Berlin`";
    for (name, advice) in [
        ("CEST", ", and not an abbreviation"),
        ("PST", ", and not an abbreviation"),
        ("UTC+2", ", or `Etc/GMT-2` for this fixed offset"),
        ("+02:00", ", or `Etc/GMT-2` for this fixed offset"),
        ("GMT-5", ", or `Etc/GMT+5` for this fixed offset"),
        ("Z", ", or `UTC` for this fixed offset"),
        ("+05:30", ", and not an offset"),
    ] {
        let error = parse(&format!("daily 02:00 {name}")).unwrap_err().to_string();
        assert_eq!(error, format!("there is no time zone `{name}`: {expected}{advice}"));
    }
}

#[test]
fn a_concrete_type_suggests_its_own_keyword() {
    let error = "0 2 * * *".parse::<godata_scheduler::Cron>().unwrap_err();
    assert_eq!(error.to_string(), "invalid schedule `0 2 * * *`; did you mean `cron 0 2 * * *`?");
    let error = "every 5m".parse::<godata_scheduler::DailyAt>().unwrap_err();
    assert!(error.to_string().starts_with("invalid schedule `every 5m`: expected `daily TIMES"), "{error}");
}
