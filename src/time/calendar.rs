//! The Gregorian calendar, as far as reading a date needs it.

/// A date and time of day, whose parts are not checked yet.
pub(super) struct Moment {
    /// Year, month and day.
    pub(super) date: [i64; 3],
    /// Hour, minute and second.
    pub(super) time: [i64; 3],
}

impl Moment {
    /// Seconds since the epoch; `None` where there is no such date or time.
    pub(super) fn epoch_secs(&self) -> Option<i64> {
        let ([year, month, day], [hour, minute, second]) = (self.date, self.time);
        // 60 is a leap second.
        let sound = (1..=12).contains(&month)
            && (1..=days_of_month(year, month)).contains(&day)
            && hour <= 23
            && minute <= 59
            && second <= 60;
        sound.then(|| ((self.epoch_days() * 24 + hour) * 60 + minute) * 60 + second)
    }

    /// The days from 1970-01-01 to the date. Years are counted from March, so that the leap day comes last and the
    /// months before it have lengths that one line can sum.
    pub(super) fn epoch_days(&self) -> i64 {
        let [year, month, day] = self.date;
        let year = if month <= 2 { year - 1 } else { year };
        let months_since_march = (month + 9) % 12;
        let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
        let leap_days = year / 4 - year / 100 + year / 400;
        // Years before the first are before the epoch, however they are counted. 719 468 days lie between 0000-03-01 and 1970-01-01.
        year * 365 + leap_days + day_of_year - 719_468
    }
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap_year),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
