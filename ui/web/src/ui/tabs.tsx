import type { ReactNode } from 'react';
import { Tabs as Group, Tab, TabList, TabPanel } from 'react-aria-components';

export interface TabContent {
  id: string;
  label: ReactNode;
  content: ReactNode;
}

export function Tabs({
  label,
  tabs,
  selected,
  onSelect,
}: {
  label: string;
  tabs: TabContent[];
  selected?: string;
  onSelect?: (id: string) => void;
}) {
  const control = selected === undefined ? {} : { selectedKey: selected };
  return (
    <Group {...control} onSelectionChange={(key) => onSelect?.(String(key))} className="flex flex-col gap-3">
      <TabList aria-label={label} className="flex gap-1 overflow-x-auto border-line border-b">
        {tabs.map((tab) => (
          <Tab
            key={tab.id}
            id={tab.id}
            className="-mb-px cursor-pointer whitespace-nowrap border-transparent border-b-2 px-3 py-2 text-muted outline-offset-[-2px] hover:text-text data-[selected]:border-accent data-[selected]:text-text"
          >
            {tab.label}
          </Tab>
        ))}
      </TabList>
      {tabs.map((tab) => (
        <TabPanel key={tab.id} id={tab.id} className="outline-offset-4">
          {tab.content}
        </TabPanel>
      ))}
    </Group>
  );
}
