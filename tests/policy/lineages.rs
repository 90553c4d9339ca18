//! What a policy sees of a lineage.

use super::*;

proptest! {
    #[test]
    fn any_lineage_survives_the_way_through_a_callback_url(
        run in "[^\\s\\p{Cc}]{1,120}", attempt: u32, millis: u64, theirs in "[a-z0-9=&%.~-]{0,30}"
    ) {
        prop_assume!(RunId::new(run.as_str()).is_ok());
        let written = format!("redrive={attempt}.{millis}.{}", percent_encode(&run));
        let lineage = Lineage::from_query(Some(&written)).unwrap().unwrap();
        prop_assert_eq!(lineage.root_run().as_str(), run.as_str());
        prop_assert_eq!((lineage.attempt(), lineage.first_failed_at().as_millis()), (attempt, millis));

        let query = lineage.write_to_query(Some(&theirs));
        let url = HttpUrl::parse("https://redrive.example/hook").unwrap().with_query(Some(&query));
        prop_assert_eq!(Lineage::from_query(url.query()), Ok(Some(lineage.clone())));
        let next = lineage.next();
        prop_assert_eq!(next.attempt(), attempt.saturating_add(1));
        prop_assert_eq!(next.root_run(), lineage.root_run());
        prop_assert_eq!(next.first_failed_at(), lineage.first_failed_at());
    }
}
