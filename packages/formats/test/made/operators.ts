/** Operators' files as they come, made from times and values. */

const pad = (number: number): string => String(number).padStart(2, '0');

/** A quarter or half hour's local times on a day, from 00:00; `skip` leaves local hours out, `twice` repeats one. */
export const localTimes = (
  step: number,
  { skip, twice }: { readonly skip?: number; readonly twice?: number } = {},
): readonly string[] => {
  const times: string[] = [];
  for (let hour = 0; hour < 24; hour++) {
    if (hour === skip) continue;
    const passes = hour === twice ? 2 : 1;
    for (let pass = 0; pass < passes; pass++)
      for (let minute = 0; minute < 60; minute += step) times.push(`${pad(hour)}:${pad(minute)}`);
  }
  return times;
};

export interface DataConnectValue {
  readonly date: string;
  readonly value: string;
  readonly length?: string | undefined;
}

/** Enedis Data Connect: mean watts as text, local times without an offset, the end of the interval. */
export const dataConnect = (values: readonly DataConnectValue[], unit = 'W'): string =>
  JSON.stringify({
    meter_reading: {
      usage_point_id: '24115050000000',
      start: '2024-01-01',
      end: '2024-01-02',
      quality: 'BRUT',
      reading_type: { unit, measurement_kind: unit === 'W' ? 'power' : 'energy', aggregate: 'average' },
      interval_reading: values.map(({ date, value, length = 'PT30M' }) =>
        unit === 'W' ? { value, date, interval_length: length, measure_type: 'B' } : { value, date },
      ),
    },
  });

export const r50 = (values: readonly (readonly [string, string, string?])[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><R50 xmlns:xsi ="http://www.w3.org/2001/XMLSchema-instance"><En_Tete_Flux><Identifiant_Flux>R50</Identifiant_Flux><Date_Creation>2022-02-04T03:00:41+01:00</Date_Creation><Pas_Publication>30</Pas_Publication></En_Tete_Flux><PRM><Id_PRM>09111600000000</Id_PRM><Donnees_Releve><Date_Releve>2022-02-02</Date_Releve>${values
    .map(
      ([at, value, doubt = '0']) =>
        `<PDC><H>${at}</H>${value === '' ? '' : `<V>${value}</V>`}<IV>${doubt}</IV></PDC>`,
    )
    .join('')}</Donnees_Releve></PRM></R50>`;

export const r4q = (values: readonly (readonly [string, string, string?])[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Courbe><Entete><Date_Creation>2022-02-03T03:36:48+01:00</Date_Creation></Entete><Corps><Identifiant_PRM>30001600000000</Identifiant_PRM><Donnees_Courbe><Granularite>10</Granularite><Unite_Mesure>kW</Unite_Mesure><Grandeur_Metier>CONS</Grandeur_Metier><Grandeur_Physique>EA</Grandeur_Physique>${values
    .map(
      ([at, value, status = 'R']) =>
        `<Donnees_Point_Mesure Horodatage ="${at}" Valeur_Point ="${value}" Statut_Point ="${status}"></Donnees_Point_Mesure>`,
    )
    .join('')}</Donnees_Courbe></Corps></Courbe>`;

export const hdm = (rows: readonly string[], unit = 'W'): string =>
  [
    '\ufeffIdentifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite;Pas en minutes',
    `09111600000000;Courbe de charge;20/10/2020;02/02/2022;Energie active;Consommation;Comptage Brut;${unit};`,
    'Horodate;Valeur',
    ...rows,
    '',
  ].join('\n');

export interface EdaSeries {
  readonly code: string;
  readonly values: readonly (readonly [
    from: string,
    to: string,
    value: string,
    method?: string | undefined,
  ])[];
}

/** An Austrian ConsumptionRecord, with any prefixes. */
export const consumptionRecord = (series: readonly EdaSeries[], version = '01p41'): string =>
  `<?xml version="1.0" encoding="UTF-8"?><n0:ConsumptionRecord xmlns:n0="http://www.ebutilities.at/schemata/customerprocesses/consumptionrecord/${version}" xmlns:n1="http://www.ebutilities.at/schemata/customerprocesses/common/types/01p20"><n0:MarketParticipantDirectory><n1:RoutingHeader><n1:DocumentCreationDateTime>2024-04-03T05:52:15.5391430Z</n1:DocumentCreationDateTime></n1:RoutingHeader></n0:MarketParticipantDirectory><n0:ProcessDirectory><n1:MeteringPoint>AT0010000000000000001000000000001</n1:MeteringPoint><n0:Energy><n0:MeteringIntervall>QH</n0:MeteringIntervall>${series
    .map(
      ({ code, values }) =>
        `<n0:EnergyData MeterCode="${code}" UOM="KWH">${values
          .map(
            ([from, to, value, method = 'L1']) =>
              `<n0:EP><n0:DTF>${from}</n0:DTF><n0:DTT>${to}</n0:DTT><n0:MM>${method}</n0:MM><n0:BQ>${value}</n0:BQ></n0:EP>`,
          )
          .join('')}</n0:EnergyData>`,
    )
    .join('')}</n0:Energy></n0:ProcessDirectory></n0:ConsumptionRecord>`;

export const ecmpList = (windows: readonly (readonly [from: string, to: string, factor: string])[]): string =>
  `<?xml version="1.0"?><a:ECMPList xmlns:a="http://www.ebutilities.at/schemata/customerprocesses/ecmplist/01p10"><a:ProcessDirectory><a:ECID>AT00100000000RC100000000000000001</a:ECID><a:ECType>RC_L</a:ECType><a:ECDisModel>S</a:ECDisModel><a:MPListData><a:MeteringPoint>AT0010000000000000001000000000001</a:MeteringPoint>${windows
    .map(
      ([from, to, factor]) =>
        `<a:MPTimeData><a:DateFrom>${from}</a:DateFrom><a:DateTo>${to}</a:DateTo><a:EnergyDirection>GENERATION</a:EnergyDirection><a:ECPartFact>${factor}</a:ECPartFact><a:DateActivate>${from}</a:DateActivate><a:ECShare>12.3400</a:ECShare></a:MPTimeData>`,
    )
    .join('')}</a:MPListData></a:ProcessDirectory></a:ECMPList>`;

export interface SdatBlock {
  readonly product: string;
  readonly isProduction?: boolean;
  readonly values: readonly (readonly [sequence: number, volume: string, condition?: string])[];
  readonly unit?: string;
}

export const sdat = (blocks: readonly SdatBlock[]): string =>
  `<?xml version="1.0" encoding="utf-8"?><rsm:ValidatedMeteredData_16 xmlns:rsm="http://www.strom.ch"><rsm:ValidatedMeteredData_HeaderInformation><rsm:InstanceDocument><rsm:DocumentType><rsm:ebIXCode>E66</rsm:ebIXCode></rsm:DocumentType><rsm:Creation>2026-01-06T04:30:00Z</rsm:Creation></rsm:InstanceDocument></rsm:ValidatedMeteredData_HeaderInformation>${blocks
    .map(({ product, isProduction = false, values, unit = 'KWH' }) => {
      const place = `${isProduction ? 'Production' : 'Consumption'}MeteringPoint`;
      const kind = product === '8716867000030' ? 'ebIXCode' : 'VSENationalCode';
      return `<rsm:MeteringData><rsm:Interval><rsm:StartDateTime>2026-01-05T23:00:00Z</rsm:StartDateTime><rsm:EndDateTime>2026-01-06T23:00:00Z</rsm:EndDateTime></rsm:Interval><rsm:Resolution><rsm:Resolution>15</rsm:Resolution><rsm:Unit>MIN</rsm:Unit></rsm:Resolution><rsm:${place}><rsm:VSENationalID>CH0000000000000000000000000000001</rsm:VSENationalID></rsm:${place}><rsm:Product><rsm:ID><rsm:${kind}>${product}</rsm:${kind}></rsm:ID><rsm:MeasureUnit>${unit}</rsm:MeasureUnit></rsm:Product>${values
        .map(
          ([sequence, volume, condition]) =>
            `<rsm:Observation><rsm:Position><rsm:Sequence>${sequence}</rsm:Sequence></rsm:Position><rsm:Volume>${volume}</rsm:Volume>${condition === undefined ? '' : `<rsm:Condition>${condition}</rsm:Condition>`}</rsm:Observation>`,
        )
        .join('')}</rsm:MeteringData>`;
    })
    .join('')}</rsm:ValidatedMeteredData_16>`;

export const datadis = (
  rows: readonly (readonly [
    date: string,
    time: string,
    consumption: number,
    surplus?: number,
    method?: string,
  ])[],
): string =>
  JSON.stringify(
    rows.map(([date, time, consumptionKWh, surplusEnergyKWh = 0, obtainMethod = 'Real']) => ({
      cups: 'ES0021000000000000AA',
      date,
      time,
      consumptionKWh,
      obtainMethod,
      surplusEnergyKWh,
    })),
  );

export interface GreenButtonOptions {
  readonly flow?: number;
  readonly uom?: number;
  readonly multiplier?: number;
  readonly commodity?: number;
  readonly values: readonly (readonly [start: number, value: string, quality?: string])[];
}

export const greenButton = ({
  flow = 1,
  uom = 72,
  multiplier = -3,
  commodity = 1,
  values,
}: GreenButtonOptions): string => {
  const root = 'https://utility/espi/1_1/resource';
  const entry = (self: string, up: string, related: readonly string[], content: string): string =>
    `<entry><link rel="self" href="${root}/${self}"/><link rel="up" href="${root}/${up}"/>${related.map((one) => `<link rel="related" href="${root}/${one}"/>`).join('')}<content>${content}</content><updated>2024-09-04T08:02:15Z</updated></entry>`;
  const point = 'Subscription/1/UsagePoint/77';
  const reading = `${point}/MeterReading/5`;
  return `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">${entry(point, 'Subscription/1/UsagePoint', [`${point}/MeterReading`], '<UsagePoint xmlns="http://naesb.org/espi"><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint>')}${entry(reading, `${point}/MeterReading`, [point, `${reading}/IntervalBlock`, 'ReadingType/9'], '<MeterReading xmlns="http://naesb.org/espi"/>')}${entry('ReadingType/9', 'ReadingType', [reading], `<ReadingType xmlns="http://naesb.org/espi"><commodity>${commodity}</commodity><flowDirection>${flow}</flowDirection><powerOfTenMultiplier>${multiplier}</powerOfTenMultiplier><uom>${uom}</uom></ReadingType>`)}${entry(`${reading}/IntervalBlock/1`, `${reading}/IntervalBlock`, [reading], `<IntervalBlock xmlns="http://naesb.org/espi">${values.map(([start, value, quality]) => `<IntervalReading>${quality === undefined ? '' : `<ReadingQuality><quality>${quality}</quality></ReadingQuality>`}<timePeriod><duration>900</duration><start>${start}</start></timePeriod><value>${value}</value></IntervalReading>`).join('')}</IntervalBlock>`)}</feed>`;
};
